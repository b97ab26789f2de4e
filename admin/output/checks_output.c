#include "admin/output/checks_output.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/output/text_table.h"

enum { PAGE = 80 };

static enum err sentences(struct buffer *out, const char *heading, char *const *line, size_t lines)
{
    enum err e = ERR_OK;
    if (lines > 0)
        buffer_printf(out, "\n%s:\n", heading);
    for (size_t i = 0; e == ERR_OK && i < lines; i++) {
        buffer_printf(out, "- ");
        e = text_table_wrap(line[i], 2, PAGE, out);
    }
    return e;
}

enum err checks_text(const struct estimate_result *r, struct buffer *out)
{
    enum err e = ERR_OK;
    buffer_printf(out,
                  "Tests of the list experiment%s%s, J = %d; n = %zu (%zu control, %zu "
                  "treatment).\n",
                  r->list ? " " : "", r->list ? r->list : "", r->items, r->n, r->n_control,
                  r->n_treatment);
    text_table_others(r, out);
    e = sentences(out, "Found", r->assumption, r->assumptions);
    if (e == ERR_OK)
        e = sentences(out, "Warnings", r->warning, r->warnings);
    return out->failed ? ERR_NOMEM : e;
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *strings(char *const *s, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(s[i]));
    return a;
}

static json_t *test_of(const struct estimate_named_test *t)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(t->name));
    json_object_set_new(o, "statistic", number(t->statistic));
    json_object_set_new(o, "df", number(t->df));
    json_object_set_new(o, "df2", number(t->df2));
    json_object_set_new(o, "p_value", number(t->p_value));
    return o;
}

static json_t *placebo_of(const struct estimate_prevalence *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(p->name));
    json_object_set_new(o, "estimate", number(p->estimate));
    json_object_set_new(o, "se", number(p->se));
    json_object_set_new(o, "ci_low", number(p->ci_low));
    json_object_set_new(o, "ci_high", number(p->ci_high));
    return o;
}

enum err checks_json(const struct estimate_result *r, struct buffer *out)
{
    json_t *all = json_object(), *tests = json_array(), *placebo = json_array();
    json_t *numbers = json_object();
    for (size_t i = 0; i < r->named_tests; i++)
        json_array_append_new(tests, test_of(&r->named_test[i]));
    for (size_t i = 0; i < r->prevalences; i++)
        json_array_append_new(placebo, placebo_of(&r->prevalence[i]));
    for (size_t i = 0; i < r->numbers; i++)
        json_object_set_new(numbers, r->number[i].name, number(r->number[i].value));
    json_object_set_new(all, "list", r->list != NULL ? json_string(r->list) : json_null());
    json_object_set_new(all, "items", json_integer(r->items));
    json_object_set_new(all, "n", json_integer((json_int_t)r->n));
    json_object_set_new(all, "n_control", json_integer((json_int_t)r->n_control));
    json_object_set_new(all, "n_treatment", json_integer((json_int_t)r->n_treatment));
    json_object_set_new(all, "tests", tests);
    json_object_set_new(all, "placebo", placebo);
    json_object_set_new(all, "numbers", numbers);
    json_object_set_new(all, "findings", strings(r->assumption, r->assumptions));
    json_object_set_new(all, "warnings", strings(r->warning, r->warnings));
    char *line = all != NULL ? json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    if (line != NULL)
        buffer_printf(out, "%s\n", line);
    bool good = line != NULL && json_object_size(all) == 10 && !out->failed;
    free(line);
    json_decref(all);
    return good ? ERR_OK : ERR_NOMEM;
}
