#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/file.h"
#include "core/words.h"

/* Letters to change, add or leave out, to make ${b} of ${a}. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORDS_MAX_LEN + 1], n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

static void words_are_sorted_latin_letters_and_none_begins_another(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORDS_COUNT; i++) {
        const char *w = words_at(i);
        size_t len = strlen(w);
        assert_in_range(len, 4, WORDS_MAX_LEN);
        assert_int_equal(strspn(w, "abcdefghijklmnopqrstuvwxyz"), len);
        if (i > 0) { /* sorted: a beginning would stand right before */
            assert_true(strcmp(words_at(i - 1), w) < 0);
            assert_int_not_equal(strncmp(words_at(i - 1), w, strlen(words_at(i - 1))), 0);
        }
    }
}

static void words_differ_by_two_letters_at_least(void **state)
{
    (void)state;
    assert_int_equal(distance("aquam", "aquis"), 2);
    assert_int_equal(distance("silva", "silvae"), 1);
    for (unsigned i = 0; i < WORDS_COUNT; i++)
        for (unsigned j = i + 1; j < WORDS_COUNT; j++)
            if (distance(words_at(i), words_at(j)) < 2)
                fail_msg("%s and %s differ by one letter", words_at(i), words_at(j));
}

static void words_are_those_of_the_format_document(void **state)
{
    (void)state;
    struct buffer doc = {0};
    assert_int_equal(file_read(SANAQ_SOURCE_DIR "/core/FORMAT.md", 1 << 20, false, &doc), ERR_OK);
    buffer_u8(&doc, 0);
    assert_false(doc.failed);
    char *p = strstr((char *)doc.p, "<!-- words -->");
    assert_non_null(p);
    p += strlen("<!-- words -->");
    unsigned n = 0;
    for (char *w = strtok(p, " \n"); w != NULL; w = strtok(NULL, " \n"), n++) {
        assert_true(n < WORDS_COUNT);
        assert_string_equal(w, words_at(n));
    }
    assert_int_equal(n, WORDS_COUNT);
    buffer_free(&doc);
}

static void words_of_takes_eleven_bits_a_word_from_the_top(void **state)
{
    (void)state;
    /* 00000000001 00000000010 11111111111 00000000000
     * 10000000000 00000000011 01010101010 11111111110, then other bits */
    const uint8_t hash[HASH_LEN] = {0x00, 0x20, 0x0b, 0xff, 0x80, 0x08,
                                    0x00, 0x00, 0xd5, 0x57, 0xfe, 0xff};
    const unsigned index[] = {1, 2, 2047, 0, 1024, 3, 682, 2046};
    char want[WORDS_TEXT] = "", have[WORDS_TEXT];
    for (size_t i = 0; i < 8; i++) {
        strcat(want, i > 0 ? " " : "");
        strcat(want, words_at(index[i]));
    }
    words_of(hash, have);
    assert_string_equal(have, want);
}

static void words_match_forgives_case_spaces_and_commas_only(void **state)
{
    (void)state;
    uint8_t hash[HASH_LEN], other[HASH_LEN];
    char text[WORDS_TEXT], typed[2 * WORDS_TEXT];
    for (unsigned round = 0; round < 500; round++) {
        randombytes_buf(hash, sizeof hash);
        words_of(hash, text);
        assert_true(words_match(hash, text));
        size_t n = 0;
        typed[n++] = ' ';
        for (const char *p = text; *p != '\0'; p++) {
            if (*p == ' ')
                typed[n++] = ',';
            typed[n++] = round % 2 == 0 && *p >= 'a' ? (char)(*p - 32) : *p;
        }
        memcpy(typed + n, " \n", 3);
        assert_true(words_match(hash, typed));
        memcpy(other, hash, sizeof hash);
        unsigned bit = round % 88;
        other[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_false(words_match(other, text));
        text[strlen(text) - 1] = '\0';
        assert_false(words_match(hash, text));
    }
}

static void words_match_refuses_fewer_more_and_endless_words(void **state)
{
    (void)state;
    uint8_t hash[HASH_LEN] = {0};
    char text[WORDS_TEXT], typed[2 * WORDS_TEXT];
    words_of(hash, text);
    assert_false(words_match(hash, ""));
    snprintf(typed, sizeof typed, "%s %s", text, words_at(0));
    assert_false(words_match(hash, typed));
    assert_false(words_match(hash, strchr(text, ' ') + 1));
    char *endless = malloc(100001);
    assert_non_null(endless);
    memset(endless, 'a', 100000);
    endless[100000] = '\0';
    assert_false(words_match(hash, endless));
    memset(endless, ' ', 99000);
    endless[99000] = '\0';
    assert_false(words_match(hash, endless));
    free(endless);
}

static bool is_word(const char *w)
{
    for (unsigned i = 0; i < WORDS_COUNT; i++)
        if (strcmp(words_at(i), w) == 0)
            return true;
    return false;
}

static void words_passphrase_has_the_words_asked_for_and_is_new_each_time(void **state)
{
    (void)state;
    struct secret *a = NULL, *b = NULL;
    char text[WORDS_TEXT];
    assert_int_equal(words_passphrase(5, &a), ERR_OK);
    assert_int_equal(words_passphrase(5, &b), ERR_OK);
    assert_string_not_equal((const char *)secret_view(a), (const char *)secret_view(b));
    assert_int_equal(secret_len(a), strlen((const char *)secret_view(a)));
    snprintf(text, sizeof text, "%s", (const char *)secret_view(a));
    assert_null(strstr(text, "  "));
    unsigned n = 0;
    for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " "), n++)
        assert_true(is_word(w));
    assert_int_equal(n, 5);
    secret_free(a);
    secret_free(b);
    a = NULL;
    assert_int_equal(words_passphrase(0, &a), ERR_USAGE);
    assert_int_equal(words_passphrase(WORDS_PASSPHRASE_MAX + 1, &a), ERR_USAGE);
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_sorted_latin_letters_and_none_begins_another),
        cmocka_unit_test(words_differ_by_two_letters_at_least),
        cmocka_unit_test(words_are_those_of_the_format_document),
        cmocka_unit_test(words_of_takes_eleven_bits_a_word_from_the_top),
        cmocka_unit_test(words_match_forgives_case_spaces_and_commas_only),
        cmocka_unit_test(words_match_refuses_fewer_more_and_endless_words),
        cmocka_unit_test(words_passphrase_has_the_words_asked_for_and_is_new_each_time),
    };
    if (secret_start() != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
