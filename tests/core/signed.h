/* What the tests of signed files share: researchers, a pack of theirs, and changing bytes one by
 * one. */
#ifndef SANAQ_TESTS_CORE_SIGNED_H
#define SANAQ_TESTS_CORE_SIGNED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/log.h"
#include "core/pack.h"

struct signers {
    struct pack_key key[3]; /* the third is in no pack */
    uint8_t secret[3][64];
};

static inline void silent(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

static inline void make_signers(struct signers *s)
{
    log_to(silent, NULL);
    assert_true(sodium_init() >= 0);
    for (size_t i = 0; i < 3; i++) {
        uint8_t box_secret[32];
        crypto_sign_keypair(s->key[i].sign, s->secret[i]);
        crypto_box_keypair(s->key[i].box, box_secret);
    }
}

static inline struct pack_parts parts_of(const struct signers *s)
{
    static const char *const stratum[] = {"north", "", "a name with spaces"};
    static const uint8_t second[HASH_LEN] = {2};
    return (struct pack_parts){.number = 3,
                               .replaces = second,
                               .study = {(const uint8_t *)"study: x\n", 9},
                               .points = {(const uint8_t *)"id\np1\n", 6},
                               .stratum = stratum,
                               .strata = 3,
                               .researcher = s->key,
                               .researchers = 2};
}

static inline struct pack *pack_of(const struct signers *s)
{
    struct buffer b = {0};
    struct pack *p = NULL;
    struct pack_parts parts = parts_of(s);
    assert_int_equal(pack_make(&parts, 1, s->secret[1], &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &p), ERR_OK);
    buffer_free(&b);
    return p;
}

/* A copy of exactly ${len} bytes, so that reading behind them is seen. */
static inline uint8_t *cut(const struct buffer *b, size_t len)
{
    uint8_t *p = malloc(len > 0 ? len : 1);
    assert_non_null(p);
    memcpy(p, b->p, len);
    return p;
}

#endif
