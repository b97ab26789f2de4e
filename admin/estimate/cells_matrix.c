#include <stdlib.h>

#include "admin/estimate/cells.h"

void cells_free(struct cells *c)
{
    if (c == NULL)
        return;
    if (c->weight2 != c->weight)
        free(c->weight2);
    free(c->weight);
    free(c->rows);
    free(c->row);
    free(c->of_row);
    free(c->segment);
    free(c);
}

enum err cells_matrix(const struct cells *c, const struct terms *t, struct matrix *out)
{
    enum err e = matrix_new(c->n, terms_count(t), out);
    for (size_t i = 0; e == ERR_OK && i < c->n; i++)
        terms_row(t, c->row[i], out->at + i * out->cols);
    return e;
}
