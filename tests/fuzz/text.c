/* What people type or read out: closing codes, words, key files. The first byte says which. */
#include "admin/closing.h"
#include "admin/studykey.h"
#include "core/words.h"
#include "tests/fuzz/fuzz.h"

static void read_code(const char *text)
{
    char digits[CLOSING_TEXT], spaced[CLOSING_SPACED], again[CLOSING_TEXT];
    if (closing_read(text, digits) != ERR_OK)
        return;
    HOLDS(strlen(digits) == CLOSING_DIGITS);
    closing_space(digits, spaced);
    HOLDS(closing_read(spaced, again) == ERR_OK && strcmp(digits, again) == 0);
}

static void read_words(const char *text)
{
    static const uint8_t hash[HASH_LEN] = "some hash or other, of 32 bytes";
    words_match(hash, text);
}

static void read_public(const char *text)
{
    struct pack_key key;
    const char *path = fuzz_put("x.pub", (struct bytes){(const uint8_t *)text, strlen(text)});
    studykey_read_public(path, STUDYKEY_RESEARCHER, &key);
}

static void read_key(struct bytes b)
{
    struct secret *passphrase = NULL;
    struct studykey *k = NULL;
    HOLDS(secret_copy("a passphrase", 12, &passphrase) == ERR_OK);
    if (studykey_open(fuzz_put("x.key", b), passphrase, &k) == ERR_OK)
        studykey_free(k);
    secret_free(passphrase);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const of_text[])(const char *) = {read_code, read_words, read_public};
    fuzz_start();
    if (size == 0)
        return 0;
    if (data[0] % 4 == 3) {
        read_key((struct bytes){data + 1, size - 1});
        return 0;
    }
    char *text = malloc(size);
    HOLDS(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    of_text[data[0] % 4](text);
    free(text);
    return 0;
}
