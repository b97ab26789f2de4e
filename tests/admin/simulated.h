/* What the tests of simulations share: two studies, packed and with keys, and what is said. */
#ifndef SANAQ_TESTS_ADMIN_SIMULATED_H
#define SANAQ_TESTS_ADMIN_SIMULATED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/types.h>
#include <sys/stat.h>
#include <fts.h>
#include <unistd.h>

#include "admin/respondent.h"
#include "admin/studykey.h"
#include "core/file.h"
#include "core/log.h"

/* Two lists that share an item, one more that only some are asked, and blocks. */
static const char several_lists[] =
    "study: several\n"
    "wave: 2022-09\n"
    "title: {en: Several lists}\n"
    "languages: [en]\n"
    "consent: {version: 1, text: {en: May we begin?}}\n"
    "sample: random-route\n"
    "selection: none\n"
    "points: points.csv\n"
    "questions:\n"
    "  - {id: urban, type: choice, text: {en: Urban?}, options: [{id: town, code: 1, text: {en: "
    "T}},"
    " {id: village, code: 2, text: {en: V}}]}\n"
    "  - {id: media, when: {urban: town}, type: multi, text: {en: Media}, options:"
    " [{id: tv, text: {en: TV}}, {id: web, text: {en: Web}}], refuse: yes, unknown: yes}\n"
    "lists:\n"
    "  - id: first\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: a, text: {en: A}}, {id: b, text: {en: B}}, {id: c, text: {en: C}}]\n"
    "    sensitive: [{id: hidden, hide: agree, text: {en: H}}]\n"
    "    order: random\n"
    "  - id: second\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: d, text: {en: D}}, {id: e, text: {en: E}}, {id: f, text: {en: F}}]\n"
    "    sensitive: [{id: hidden, hide: agree, text: {en: H}}]\n"
    "    order: fixed\n"
    "  - id: third\n"
    "    when: {urban: town}\n"
    "    intro: {en: How many?}\n"
    "    items: [{id: g, text: {en: G}}, {id: h, text: {en: I}}]\n"
    "    sensitive: [{id: flying, hide: both, known: 0.0, text: {en: Flying}},"
    " {id: smoking, hide: agree, text: {en: Smoking}}]\n"
    "    order: random\n"
    "doubles: [{lists: [first, second], item: hidden, order: random}]\n"
    "list-order: random\n"
    "after: [{id: trust, type: scale, text: {en: Trust}, from: 1, to: 5, low: {en: No},"
    " high: {en: Yes}}]\n"
    "debrief: {en: Thanks}\n"
    "card: {default: screen-respondent}\n"
    "assignment: {method: blocks, blocks: [6, 12], strata: [region]}\n"
    "complete: [first, second, urban]\n"
    "researchers: [first.pub, second.pub]\n"
    "supervisors: []\n";
static const char several_points[] = "id,region,weight\np1,\"north, by the sea\",1\np2,south,1\n";

struct world { /* a study packed with its keys, in a folder of its own */
    char dir[64];
    struct studykey *key[3]; /* two researchers; a third who is not in the pack */
    struct pack *pack;
    struct study *study;
    struct points *points;
    struct respondent_model *model;
};

static char said[4096]; /* by the log, since the test began */

static inline void listen_in(void *ctx, const char *line)
{
    (void)ctx;
    strncat(said, line, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

/* ---- making ---- */

static inline void forget(char *path)
{
    char *const paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *at; tree != NULL && (at = fts_read(tree)) != NULL;)
        if (at->fts_info != FTS_D) /* folders on the way back */
            remove(at->fts_accpath);
    if (tree != NULL)
        fts_close(tree);
}

static inline char *path_in(const struct world *w, const char *name)
{
    char *path = file_join(w->dir, name);
    assert_non_null(path);
    return path;
}

static inline void make_keys(struct world *w)
{
    static const char *const name[3] = {"first.key", "second.key", "third.key"};
    struct secret *passphrase = NULL;
    struct secret_cost cost;
    struct pack_key pub;
    assert_true(secret_cost_named("interactive", &cost));
    assert_int_equal(secret_copy("for tests only", 15, &passphrase), ERR_OK);
    for (size_t i = 0; i < 3; i++) {
        char *path = path_in(w, name[i]);
        assert_int_equal(studykey_create(path, STUDYKEY_RESEARCHER, passphrase, cost, &pub),
                         ERR_OK);
        assert_int_equal(studykey_open(path, passphrase, &w->key[i]), ERR_OK);
        free(path);
    }
    secret_free(passphrase);
}

static inline struct world *world_new(struct bytes yaml, struct bytes csv)
{
    struct world *w = calloc(1, sizeof *w);
    struct buffer b = {0};
    assert_non_null(w);
    const char *tmp = getenv("TMPDIR");
    snprintf(w->dir, sizeof w->dir, "%s/sanaq-simulate-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    make_keys(w);
    assert_int_equal(study_parse(yaml, NULL, NULL, &w->study), ERR_OK);
    assert_int_equal(study_kiosk_can(w->study, NULL, NULL), ERR_OK);
    assert_int_equal(points_parse(csv, w->study, NULL, NULL, &w->points), ERR_OK);
    const struct pack_key researcher[2] = {w->key[0]->pub, w->key[1]->pub};
    const struct pack_parts parts = {.number = 1,
                                     .study = yaml,
                                     .points = csv,
                                     .stratum = (const char *const *)w->points->stratum,
                                     .strata = w->points->strata,
                                     .researcher = researcher,
                                     .researchers = 2};
    assert_int_equal(pack_make(&parts, 0, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "test.pack", &w->pack), ERR_OK);
    assert_int_equal(respondent_model_new(w->study, w->points, &w->model), ERR_OK);
    buffer_free(&b);
    return w;
}

static inline void read_asset(const char *name, struct buffer *out)
{
    char path[1024];
    const char *slash = strrchr(__FILE__, '/');
    snprintf(path, sizeof path, "%.*s/../../assets/studies/csto/%s",
             slash != NULL ? (int)(slash - __FILE__) : 1, slash != NULL ? __FILE__ : ".", name);
    assert_int_equal(file_read(path, 1 << 20, false, out), ERR_OK);
}

static inline int start_csto(void **state)
{
    struct buffer yaml = {0}, csv = {0};
    said[0] = '\0';
    log_to(listen_in, NULL);
    assert_int_equal(secret_start(), ERR_OK);
    read_asset("study.yaml", &yaml);
    read_asset("points.csv", &csv);
    *state = world_new(buffer_view(&yaml), buffer_view(&csv));
    buffer_free(&yaml);
    buffer_free(&csv);
    return 0;
}

static inline int start_several(void **state)
{
    said[0] = '\0';
    log_to(listen_in, NULL);
    assert_int_equal(secret_start(), ERR_OK);
    *state = world_new((struct bytes){(const uint8_t *)several_lists, sizeof several_lists - 1},
                       (struct bytes){(const uint8_t *)several_points, sizeof several_points - 1});
    return 0;
}

static inline int end(void **state)
{
    struct world *w = *state;
    respondent_model_free(w->model);
    points_free(w->points);
    study_free(w->study);
    pack_free(w->pack);
    for (size_t i = 0; i < 3; i++)
        studykey_free(w->key[i]);
    forget(w->dir);
    free(w);
    return 0;
}

#define WITH(start, test) cmocka_unit_test_setup_teardown(test, start, end)

#endif
