/* What the tests of packs over time share: packs that follow a world's own. */
#ifndef SANAQ_TESTS_ADMIN_SUCCESSOR_H
#define SANAQ_TESTS_ADMIN_SUCCESSOR_H

#include "tests/admin/simulated.h"

/* A pack of the world's people, named by digits ("012": all three keys are researchers), that
 * follows
 * ${old} (NULL: replaces none, number 1). ${signed_by}: the signer first. ${yaml}, ${csv}: NULL
 * means as in the world's pack. */
static inline struct pack *pack_by(const struct world *w, const struct pack *old, const char *who,
                                   const char *signed_by, const char *yaml, const char *csv)
{
    struct pack_key researcher[3];
    struct buffer b = {0};
    struct pack *p = NULL;
    struct study *s = NULL;
    struct points *points = NULL;
    struct pack_parts parts = {.number = old != NULL ? old->number + 1 : 1,
                               .replaces = old != NULL ? old->hash : NULL,
                               .study = w->pack->study,
                               .points = w->pack->points,
                               .researcher = researcher,
                               .researchers = strlen(who)};
    if (yaml != NULL)
        parts.study = (struct bytes){(const uint8_t *)yaml, strlen(yaml)};
    if (csv != NULL)
        parts.points = (struct bytes){(const uint8_t *)csv, strlen(csv)};
    assert_int_equal(study_parse(parts.study, NULL, NULL, &s), ERR_OK);
    assert_int_equal(points_parse(parts.points, s, NULL, NULL, &points), ERR_OK);
    parts.stratum = (const char *const *)points->stratum;
    parts.strata = points->strata;
    for (size_t i = 0; i < parts.researchers; i++)
        researcher[i] = w->key[who[i] - '0']->pub;
    for (const char *c = signed_by; *c != '\0'; c++) {
        uint8_t place = (uint8_t)(strchr(who, *c) - who);
        const uint8_t *secret = secret_view(w->key[*c - '0']->sign);
        assert_int_equal(p == NULL ? pack_make(&parts, place, secret, &b)
                                   : pack_sign(p, place, secret, &b),
                         ERR_OK);
        pack_free(p);
        assert_int_equal(pack_parse(buffer_view(&b), "test.pack", &p), ERR_OK);
        buffer_free(&b);
    }
    points_free(points);
    study_free(s);
    return p;
}

/* The world's study with every ${from} become ${to}; fresh memory. */
static inline char *reworded(const struct world *w, const char *from, const char *to)
{
    struct buffer b = {0};
    char *text = strndup((const char *)w->pack->study.p, w->pack->study.len), *at = text, *found;
    assert_non_null(text);
    assert_non_null(strstr(text, from));
    while ((found = strstr(at, from)) != NULL) {
        buffer_add(&b, at, (size_t)(found - at));
        buffer_add(&b, to, strlen(to));
        at = found + strlen(from);
    }
    buffer_add(&b, at, strlen(at) + 1);
    assert_false(b.failed);
    free(text);
    return (char *)b.p;
}

#endif
