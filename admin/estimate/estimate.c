#include "admin/estimate/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/estimate/auxiliary.h"
#include "admin/estimate/bounds.h"
#include "admin/estimate/combined.h"
#include "admin/estimate/dim.h"
#include "admin/estimate/double.h"
#include "admin/estimate/joint.h"
#include "admin/estimate/lm.h"
#include "admin/estimate/misreport.h"
#include "admin/estimate/ml.h"
#include "admin/estimate/nls.h"
#include "admin/estimate/randomization.h"
#include "core/log.h"

/* A row each, so that two can be added at a time. */
/* clang-format off */
static const struct estimator *const table[] = {
    &dim_estimator,
    &lm_estimator,
    &nls_estimator,
    &ml_estimator,
    &bounds_estimator,
    &randomization_estimator,
    &double_estimator,
    &combined_estimator,
    &joint_estimator,
    &misreport_estimator,
    &auxiliary_estimator,
};
/* clang-format on */

const struct estimator *const *estimate_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}

const struct estimator *estimate_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

void estimate_free(struct estimate_result *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->warnings; i++)
        free(r->warning[i]);
    for (size_t i = 0; i < r->assumptions; i++)
        free(r->assumption[i]);
    for (size_t i = 0; i < r->coefficients; i++) {
        free(r->coefficient[i].equation);
        free(r->coefficient[i].term);
    }
    for (size_t i = 0; i < r->prevalences; i++)
        free(r->prevalence[i].name);
    for (size_t i = 0; i < r->named_tests; i++)
        free(r->named_test[i].name);
    for (size_t i = 0; i < r->numbers; i++)
        free(r->number[i].name);
    free(r->warning);
    free(r->assumption);
    free(r->coefficient);
    free(r->vcov);
    free(r->posterior);
    free(r->boot);
    free(r->other_maxima);
    free(r->prevalence);
    free(r->named_test);
    free(r->number);
    free(r->bound);
    free(r->group);
    free(r->test);
    free(r);
}

static enum err add_sentence(char ***list, size_t *count, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static enum err add_sentence(char ***list, size_t *count, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *s = n < 0 ? NULL : malloc((size_t)n + 1);
    if (s != NULL)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    char **more = s == NULL ? NULL : realloc(*list, (*count + 1) * sizeof *more);
    if (more == NULL) {
        free(s);
        return ERR_NOMEM;
    }
    *list = more;
    more[(*count)++] = s;
    return ERR_OK;
}

enum err estimate_warn(struct estimate_result *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum err e = add_sentence(&r->warning, &r->warnings, fmt, ap);
    va_end(ap);
    return e;
}

enum err estimate_assume(struct estimate_result *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum err e = add_sentence(&r->assumption, &r->assumptions, fmt, ap);
    va_end(ap);
    return e;
}

bool estimate_used(const struct frame_list *list, size_t i)
{
    return list->arm[i] >= 0 && list->count[i] >= 0;
}

char *estimate_group_name(const struct estimate_result *r, const struct estimate_group *g,
                          char *out, size_t room)
{
    const char *item = r->arms > 2 ? g->item_name : NULL;
    if (g->by < 0)
        snprintf(out, room, "all respondents%s%s%s", item ? " (" : "", item ? item : "",
                 item ? ")" : "");
    else
        snprintf(out, room, "%s = %s%s%s%s", g->by_name, g->value, item ? " (" : "",
                 item ? item : "", item ? ")" : "");
    return out;
}

/* Branchless, because arms and counts come in no order. */
static void count_rows(const struct frame *f, const struct frame_list *l, struct estimate_result *r,
                       size_t *above)
{
    size_t n[2][2] = {{0}}; /* [treatment][has a count] */
    for (size_t i = 0; i < f->n; i++) {
        n[l->arm[i] > 0][l->count[i] >= 0] += l->arm[i] >= 0;
        *above += (l->arm[i] == 0) & (l->count[i] > l->items);
    }
    r->missing_control = n[0][0];
    r->missing_treatment = n[1][0];
    r->n_control = n[0][1];
    r->n_treatment = n[1][1];
    r->n = r->n_control + r->n_treatment;
}

static void name_list(const struct frame_list *l, struct estimate_result *r)
{
    r->list = l->id;
    r->items = l->items;
    r->arms = l->arms;
    r->has_hide = l->has_hide;
    r->hide = l->hide[1];
    for (size_t k = 2; k < l->arms; k++)
        r->has_hide = r->has_hide && l->hide[k] == l->hide[1];
}

static enum err warn_of_rows(const struct frame *f, struct estimate_result *r, size_t above)
{
    enum err e = ERR_OK;
    if (f->rehearsal)
        e = estimate_warn(r,
                          "This is a rehearsal: the %zu interviews are tests or simulated, nobody "
                          "was asked.",
                          f->n);
    if (e == ERR_OK && above > 0)
        e = estimate_warn(r,
                          "%zu control %s J + 1 = %d, more than the %d items shown: a mistake in "
                          "recording. Kept as recorded, because removing them would bias one arm.",
                          above, above == 1 ? "count is" : "counts are", r->items + 1, r->items);
    if (e == ERR_OK && r->missing_control + r->missing_treatment > 0)
        e = estimate_warn(r,
                          "Counts are missing for %zu in control (of %zu) and %zu in treatment (of "
                          "%zu); the estimate is of those who gave a count, and is biased if not "
                          "giving one depends on the arm.",
                          r->missing_control, r->missing_control + r->n_control,
                          r->missing_treatment, r->missing_treatment + r->n_treatment);
    return e;
}

enum err estimate_start(const struct frame *f, const struct estimate_options *o, const char *method,
                        struct estimate_result **out)
{
    const struct frame_list *l = &f->list[o->list];
    size_t above = 0;
    enum err e = ERR_NOMEM;
    struct estimate_result *r = calloc(1, sizeof *r);
    if (r == NULL)
        return e;
    r->method = method;
    r->archive = f->archive;
    r->weight_cv = r->loglik = r->group_seconds = r->fit_seconds = NAN;
    name_list(l, r);
    count_rows(f, l, r, &above);
    if ((e = warn_of_rows(f, r, above)) != ERR_OK)
        goto out;
    *out = r;
    r = NULL;
out:
    estimate_free(r);
    return e;
}
