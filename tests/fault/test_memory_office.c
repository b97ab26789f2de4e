/* Every allocation of the office fails once, or from there on: reading a study, packing it, pulling
 * and verifying what laptops sent, making a frame, estimating, printing. No crash, no leak (the
 * sanitizers look), no output half made; afterwards the same works. */
#include "allocations.h"

#include "admin/estimate/estimate.h"
#include "admin/frame/interviews.h"
#include "admin/output/csv.h"
#include "admin/output/json.h"
#include "admin/output/markup.h"
#include "admin/output/result_csv.h"
#include "admin/output/text_table.h"
#include "admin/pull.h"
#include "admin/simulate.h"

struct office {
    const struct world *w;
    struct buffer yaml, csv;
    char *sent; /* what simulated laptops left */
    struct frame *frame;
    const struct estimator *method;
    uint8_t made[HASH_LEN]; /* what came out when nothing failed, and now */
    struct hash now;
};

#define BESIDE ERR_INTERRUPTED /* an error, and something came out beside it */

/* Something the office does; nothing stays behind. */
typedef enum err work(struct office *o);

static enum err read_study(struct office *o)
{
    struct study *s = NULL;
    struct points *p = NULL;
    enum err e = study_parse(buffer_view(&o->yaml), NULL, NULL, &s);
    if (e == ERR_OK)
        e = study_kiosk_can(s, NULL, NULL);
    if (e == ERR_OK)
        e = points_parse(buffer_view(&o->csv), s, NULL, NULL, &p);
    if (e == ERR_OK)
        e = study_check_points(s, p, NULL, NULL);
    points_free(p);
    study_free(s);
    return e;
}

static enum err make_pack(struct office *o)
{
    const struct world *w = o->w;
    struct buffer b = {0};
    struct pack *p = NULL;
    const struct pack_key researcher[2] = {w->key[0]->pub, w->key[1]->pub};
    const struct pack_parts parts = {.number = 1,
                                     .study = w->pack->study,
                                     .points = w->pack->points,
                                     .stratum = (const char *const *)w->points->stratum,
                                     .strata = w->points->strata,
                                     .researcher = researcher,
                                     .researchers = 2};
    enum err e = pack_make(&parts, 0, secret_view(w->key[0]->sign), &b);
    if (e == ERR_OK)
        e = pack_parse(buffer_view(&b), "test.pack", &p);
    hash_add(&o->now, b.p, b.len);
    pack_free(p);
    buffer_free(&b);
    return e;
}

static enum err make_frame(struct office *o, struct frame **out)
{
    struct archive *a = NULL;
    struct pull_counts n;
    struct verify_report *r = NULL;
    struct fold f = {0};
    size_t left = 0;
    enum err e = archive_open(":memory:", true, &a);
    if (e == ERR_OK)
        e = pull_source(o->sent, NULL, a, &n);
    if (e == ERR_OK)
        e = verify_archive(a, o->w->key[1], fold_event, &f, &r);
    if (e == ERR_OK)
        e = verify_err(r);
    if (e == ERR_OK)
        e = interviews_frame(&f, r, &r->pack[0], out, &left);
    fold_free(&f);
    verify_free(r);
    archive_close(a);
    return e;
}

static enum err pull_and_verify(struct office *o)
{
    struct frame *f = NULL;
    struct buffer b = {0};
    enum err e = make_frame(o, &f);
    if (e != ERR_OK && f != NULL)
        e = BESIDE; /* a frame */
    if (e == ERR_OK)
        e = csv_export_frame(f, &b);
    hash_add(&o->now, b.p, b.len);
    buffer_free(&b);
    frame_free(f);
    return e;
}

static enum err print(struct office *o, const struct estimate_result *r, const char *name)
{
    static enum err (*const as[])(const struct estimate_result *, const struct estimate_result *,
                                  const char *, struct buffer *) = {
        text_table, json_result, result_csv, markup_latex, markup_markdown};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof as / sizeof *as; i++) {
        struct buffer b = {0};
        e = as[i](r, NULL, name, &b);
        if (as[i] != json_result) /* which says how long it took */
            hash_add(&o->now, b.p, b.len);
        buffer_free(&b);
    }
    return e;
}

static enum err estimate(struct office *o)
{
    const struct estimate_options how = {
        .small = true, .seed = 1, .starts = 2, .draws = 19, .threads = 1};
    struct estimate_result *r = NULL;
    enum err e = o->method->run(o->frame, &how, &r);
    if (e != ERR_OK && r != NULL)
        return BESIDE; /* a result */
    if (e == ERR_OK)
        e = print(o, r, o->method->what);
    estimate_free(r);
    return e;
}

/* ---- failing ---- */

static unsigned long failed, there;

static enum err once(struct office *o, work *does, unsigned long at, bool for_good)
{
    uint8_t made[HASH_LEN];
    said[0] = '\0';
    hash_start(&o->now, NULL, "test");
    memory_break(at, for_good);
    enum err e = does(o);
    memory_mend();
    hash_end(&o->now, made);
    if (at == 0)
        memcpy(o->made, made, HASH_LEN);
    else if (e == ERR_OK && memcmp(o->made, made, HASH_LEN) != 0)
        fail_msg("%s: something else came out, without an error", where);
    return e;
}

static void fail_each(struct office *o, const char *name, work *does, unsigned long stride)
{
    enum err e = once(o, does, 0, false);
    unsigned long calls = memory_calls();
    if (e != ERR_OK && does == estimate && said[0] != '\0') /* a method that wants other data */
        return;
    if (e != ERR_OK)
        fail_msg("%s: error %d: %s", name, (int)e, said);
    for (unsigned long at = 1; at <= calls; at += stride)
        for (int for_good = 0; for_good < 2; for_good++) {
            snprintf(where, sizeof where, "%s, allocation %lu of %lu%s", name, at, calls,
                     for_good ? " and all after" : "");
            e = once(o, does, at, for_good);
            failed++;
            if (e == BESIDE)
                fail_msg("%s: something came out beside an error", where);
            if (e != ERR_OK)
                nomem_or_said(e);
        }
    there += calls;
    where[0] = '\0';
    assert_int_equal(does(o), ERR_OK);
}

static void open_office(const struct world *w, struct office *o)
{
    memset(o, 0, sizeof *o);
    o->w = w;
    read_asset("study.yaml", &o->yaml);
    read_asset("points.csv", &o->csv);
    o->sent = path_in(w, "sent");
    const struct simulate_options how = {.interviews = 60, .devices = 2, .seed = 7, .out = o->sent};
    assert_int_equal(simulate_run(w->pack, w->key[0], w->model, &how), ERR_OK);
}

static void close_office(struct office *o)
{
    frame_free(o->frame);
    buffer_free(&o->yaml);
    buffer_free(&o->csv);
    free(o->sent);
}

static void every_allocation_of_the_office_fails(void **state)
{
    struct office o;
    size_t methods = 0;
    const struct estimator *const *table = estimate_table(&methods);
    open_office(*state, &o);
    fail_each(&o, "reading a study", read_study, every(31));
    fail_each(&o, "packing", make_pack, 1);
    fail_each(&o, "pulling and verifying", pull_and_verify, every(197));
    assert_int_equal(make_frame(&o, &o.frame), ERR_OK);
    for (size_t i = 0; i < methods; i++) {
        o.method = table[i];
        fail_each(&o, table[i]->name, estimate, every(23));
    }
    assert_true(there > 4000);
    printf("%lu of 2 x %lu allocations failed\n", failed, there);
    close_office(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_of_the_office_fails, start_csto,
                                        end_saying),
    };
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
