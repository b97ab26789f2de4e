/* What the tests of known answers share: tests/vectors/v1, made by make.py, which knows no C. */
#ifndef SANAQ_TESTS_VECTORS_H
#define SANAQ_TESTS_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "core/file.h"
#include "core/log.h"
#include "core/pack.h"
#include "core/secret.h"
#include "core/segment.h"

#define V1 SANAQ_SOURCE_DIR "/tests/vectors/v1/"

enum { VECTORS_MAX = 8192 };

struct vectors {
    json_t *json;
    uint8_t *taken[VECTORS_MAX]; /* every byte string given out */
    size_t count;
};

static struct vectors vectors;

static inline void silent(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

static inline int vectors_start(void **state)
{
    (void)state;
    json_error_t fault;
    log_to(silent, NULL);
    assert_int_equal(secret_start(), ERR_OK);
    vectors.json = json_load_file(V1 "vectors.json", 0, &fault);
    assert_non_null(vectors.json);
    return 0;
}

static inline int vectors_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < vectors.count; i++)
        free(vectors.taken[i]);
    json_decref(vectors.json);
    vectors = (struct vectors){.json = NULL};
    return 0;
}

static inline const json_t *vectors_get(const json_t *in, const char *name)
{
    const json_t *found = json_object_get(in, name);
    if (found == NULL)
        print_error("vectors.json has no %s\n", name);
    assert_non_null(found);
    return found;
}

static inline const json_t *vectors_of(const char *name)
{
    return vectors_get(vectors.json, name);
}

static inline const char *vectors_text(const json_t *in, const char *name)
{
    const char *text = json_string_value(vectors_get(in, name));
    assert_non_null(text);
    return text;
}

static inline uint64_t vectors_number(const json_t *in, const char *name)
{
    const json_t *n = vectors_get(in, name);
    assert_true(json_is_integer(n));
    return (uint64_t)json_integer_value(n);
}

static inline uint8_t *vectors_keep(uint8_t *p)
{
    assert_non_null(p);
    assert_true(vectors.count < VECTORS_MAX);
    vectors.taken[vectors.count++] = p;
    return p;
}

/* Hexadecimal digits as bytes, which live until vectors_end. */
static inline struct bytes vectors_unhex(const json_t *value)
{
    const char *text = json_string_value(value);
    assert_non_null(text);
    size_t n = strlen(text) / 2;
    uint8_t *p = vectors_keep(malloc(n + 1));
    assert_true(segment_unhex(text, n, p));
    return (struct bytes){p, n};
}

static inline struct bytes vectors_bytes(const json_t *in, const char *name)
{
    return vectors_unhex(vectors_get(in, name));
}

/* The same where the length is known. */
static inline const uint8_t *vectors_raw(const json_t *in, const char *name, size_t len)
{
    struct bytes b = vectors_bytes(in, name);
    assert_int_equal(b.len, len);
    return b.p;
}

static inline bool same_bytes(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline void assert_bytes(struct bytes have, struct bytes want)
{
    assert_int_equal(have.len, want.len);
    if (want.len > 0)
        assert_memory_equal(have.p, want.p, want.len);
}

/* A file of v1, which lives until vectors_end. */
static inline struct bytes vectors_file(const char *name)
{
    char path[1024];
    struct buffer b = {0};
    snprintf(path, sizeof path, V1 "%s", name);
    assert_int_equal(file_read(path, 8 << 20, false, &b), ERR_OK);
    vectors_keep(b.p);
    return buffer_view(&b);
}

static inline struct pack *vectors_pack(const char *file)
{
    struct pack *p = NULL;
    assert_int_equal(pack_parse(vectors_file(file), file, &p), ERR_OK);
    return p;
}

static inline struct secret *vectors_passphrase(void)
{
    struct secret *s = NULL;
    const char *text = json_string_value(vectors_of("passphrase"));
    assert_int_equal(secret_copy(text, strlen(text), &s), ERR_OK);
    return s;
}

/* ---- given bytes in the place of random ones ---- */

static struct {
    struct buffer bytes;
    size_t at;
} given;

static inline void give(struct bytes b)
{
    buffer_add(&given.bytes, b.p, b.len);
}

static inline void give_all(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        give(vectors_unhex(json_array_get(array, i)));
}

static inline const char *given_name(void)
{
    return "given";
}

static inline void given_bytes(void *const out, const size_t n)
{
    assert_true(given.at + n <= given.bytes.len);
    memcpy(out, given.bytes.p + given.at, n);
    given.at += n;
}

static inline uint32_t given_word(void)
{
    uint32_t word;
    given_bytes(&word, sizeof word);
    return word;
}

/* From here on libsodium's random bytes are those given, in order; each must be used. */
static inline void given_begin(void)
{
    static struct randombytes_implementation source = {
        .implementation_name = given_name, .random = given_word, .buf = given_bytes};
    assert_int_equal(randombytes_set_implementation(&source), 0);
}

static inline void given_end(void)
{
    assert_int_equal(randombytes_set_implementation(&randombytes_sysrandom_implementation), 0);
    assert_int_equal(given.at, given.bytes.len);
    buffer_free(&given.bytes);
    given.bytes = (struct buffer){0};
    given.at = 0;
}

#endif
