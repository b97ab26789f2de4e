#include "admin/paper.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/segment.h"

enum {
    VERSION = 1,
    OPEN_LEN = 1 + 1 + 1 + 2 + SECRET_SALT_LEN,
    PLAIN_LEN = 64, /* Ed25519 seed, X25519 secret key */
    SEALED_LEN = PLAIN_LEN + crypto_aead_chacha20poly1305_IETF_ABYTES,
    CHECKED = OPEN_LEN + SEALED_LEN,
    CHECK_LEN = 4,
    BITS = 11, /* a word */
    DATA_WORDS = PAPER_WORDS - 1,
    NEAR = 3 /* words offered for a mistyped one */
};
_Static_assert(CHECKED + CHECK_LEN == PAPER_LEN, "the parts of a paper");
_Static_assert(PAPER_LINES *DATA_WORDS *BITS >= 8 * PAPER_LEN, "all bits have a place");

static const char code_start[] = "SANAQPAPER1:";
/* Each key seals once: the salt is fresh. */
static const uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES];

/* ---- sealing ---- */

static void additional(const uint8_t *open, uint8_t ad[LABEL_LEN + OPEN_LEN])
{
    hash_label(ad, "paper");
    memcpy(ad + LABEL_LEN, open, OPEN_LEN);
}

static void check_of(const uint8_t *paper, uint8_t out[CHECK_LEN])
{
    uint8_t hash[HASH_LEN];
    hash_once(hash, NULL, "paper", (struct bytes){paper, CHECKED});
    memcpy(out, hash, CHECK_LEN);
}

bool paper_whole(const uint8_t paper[PAPER_LEN])
{
    uint8_t check[CHECK_LEN];
    check_of(paper, check);
    return memcmp(check, paper + CHECKED, CHECK_LEN) == 0;
}

enum err paper_seal(const struct studykey *k, const struct secret *passphrase,
                    uint8_t out[PAPER_LEN])
{
    struct secret *wrap = NULL, *plain = NULL;
    uint8_t ad[LABEL_LEN + OPEN_LEN];
    uint64_t mib = k->cost.mem >> 20;
    if (k->cost.ops > UINT8_MAX || mib > UINT16_MAX || mib << 20 != k->cost.mem)
        return log_fail(ERR_UNSUPPORTED, "this key's cost cannot be written on a paper");
    struct writer w = writer_of(out, OPEN_LEN);
    write_u8(&w, VERSION);
    write_u8(&w, (uint8_t)k->role);
    write_u8(&w, (uint8_t)k->cost.ops);
    write_u16(&w, (uint16_t)mib);
    randombytes_buf(w.p, SECRET_SALT_LEN);
    enum err e = secret_stretch(passphrase, w.p, k->cost, &wrap);
    if (e == ERR_OK)
        e = secret_new(PLAIN_LEN, &plain);
    if (e == ERR_OK) {
        memcpy(secret_bytes(plain), secret_view(k->sign), 32);
        memcpy(secret_bytes(plain) + 32, secret_view(k->box), 32);
        additional(out, ad);
        crypto_aead_chacha20poly1305_ietf_encrypt(out + OPEN_LEN, NULL, secret_view(plain),
                                                  PLAIN_LEN, ad, sizeof ad, NULL, nonce,
                                                  secret_view(wrap));
        check_of(out, out + CHECKED);
    }
    secret_free(plain);
    secret_free(wrap);
    return e;
}

static enum err unseal(const uint8_t *paper, const struct secret *wrap, struct studykey *k)
{
    struct secret *plain = NULL;
    uint8_t ad[LABEL_LEN + OPEN_LEN];
    enum err e = secret_new(PLAIN_LEN, &plain);
    if (e != ERR_OK)
        return e;
    additional(paper, ad);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(secret_bytes(plain), NULL, NULL, paper + OPEN_LEN,
                                                  SEALED_LEN, ad, sizeof ad, nonce,
                                                  secret_view(wrap)) != 0)
        e = log_fail(ERR_PASSPHRASE, "the passphrase is not the one of this paper");
    if (e == ERR_OK) {
        crypto_sign_seed_keypair(k->pub.sign, secret_bytes(k->sign), secret_view(plain));
        memcpy(secret_bytes(k->box), secret_view(plain) + 32, 32);
        crypto_scalarmult_base(k->pub.box, secret_view(k->box));
    }
    secret_free(plain);
    return e;
}

enum err paper_open(const uint8_t paper[PAPER_LEN], const struct secret *passphrase,
                    struct studykey **out)
{
    struct secret *wrap = NULL;
    struct studykey *k = NULL;
    struct reader r = reader_of((struct bytes){paper, OPEN_LEN});
    uint8_t version = read_u8(&r), role = read_u8(&r), ops = read_u8(&r);
    struct secret_cost cost = {ops, (uint64_t)read_u16(&r) << 20};
    if (!paper_whole(paper) || version != VERSION ||
        (role != STUDYKEY_RESEARCHER && role != STUDYKEY_SUPERVISOR))
        return log_fail(ERR_FORMAT, "this is not a paper that this version made, or not all of it");
    enum err e = secret_stretch(passphrase, r.p, cost, &wrap);
    if (e != ERR_OK)
        return log_fail(e, "not enough free memory to open this paper");
    e = studykey_new((enum studykey_role)role, &k);
    if (e == ERR_OK) {
        k->cost = cost;
        e = unseal(paper, wrap, k);
    }
    secret_free(wrap);
    if (e != ERR_OK) {
        studykey_free(k);
        return e;
    }
    *out = k;
    return ERR_OK;
}

/* ---- words ---- */

/* Word ${n} of all data words, most significant bit of the first byte first. */
static unsigned word_at(const uint8_t *paper, unsigned n)
{
    unsigned v = 0;
    for (unsigned bit = n * BITS; bit < (n + 1) * BITS; bit++) {
        unsigned on = bit < 8 * PAPER_LEN ? (unsigned)paper[bit / 8] >> (7 - bit % 8) & 1u : 0;
        v = v << 1 | on;
    }
    return v;
}

static void set_word(uint8_t *paper, unsigned n, unsigned v)
{
    for (unsigned i = 0, bit = n * BITS; i < BITS && bit < 8 * PAPER_LEN; i++, bit++) {
        uint8_t mask = (uint8_t)(1u << (7 - bit % 8));
        bool on = (v >> (BITS - 1 - i) & 1) != 0;
        paper[bit / 8] = (uint8_t)(on ? paper[bit / 8] | mask : paper[bit / 8] & ~mask);
    }
}

/* The eighth word of a line: from its number, so that lines that changed places are found. */
static unsigned check_word(const unsigned word[DATA_WORDS], unsigned line)
{
    struct hash h;
    uint8_t hash[HASH_LEN], number = (uint8_t)(line + 1);
    hash_start(&h, NULL, "paper");
    hash_add(&h, &number, 1);
    for (unsigned i = 0; i < DATA_WORDS; i++)
        hash_add_u16(&h, (uint16_t)word[i]);
    hash_end(&h, hash);
    return (unsigned)hash[0] << 3 | hash[1] >> 5;
}

void paper_put_line(const uint8_t paper[PAPER_LEN], unsigned i, char out[PAPER_LINE])
{
    unsigned word[DATA_WORDS];
    size_t len = 0;
    for (unsigned k = 0; k < DATA_WORDS; k++) {
        word[k] = word_at(paper, i * DATA_WORDS + k);
        len += (size_t)snprintf(out + len, PAPER_LINE - len, "%s ", words_at(word[k]));
    }
    snprintf(out + len, PAPER_LINE - len, "%s", words_at(check_word(word, i)));
}

static int find_word(const char *text)
{
    for (unsigned i = 0; i < WORDS_COUNT; i++)
        if (strcmp(words_at(i), text) == 0)
            return (int)i;
    return -1;
}

/* Letters changed, added, left out or changed places. */
static unsigned distance(const char *a, const char *b)
{
    enum { ROOM = 32 };
    unsigned d[ROOM + 1][ROOM + 1];
    size_t n = strnlen(a, ROOM), m = strnlen(b, ROOM);
    for (size_t i = 0; i <= n; i++)
        for (size_t k = 0; k <= m; k++) {
            if (i == 0 || k == 0) {
                d[i][k] = (unsigned)(i + k);
                continue;
            }
            unsigned best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            best = d[i - 1][k] + 1 < best ? d[i - 1][k] + 1 : best;
            best = d[i][k - 1] + 1 < best ? d[i][k - 1] + 1 : best;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                best = d[i - 2][k - 2] + 1 < best ? d[i - 2][k - 2] + 1 : best;
            d[i][k] = best;
        }
    return d[n][m];
}

static void say_near(const char *typed, unsigned line, char said[PAPER_SAID])
{
    size_t len = (size_t)snprintf(said, PAPER_SAID, "line %u: \"%.24s\" is not in the list",
                                  line + 1, typed);
    unsigned found = 0;
    for (unsigned far = 1; far <= 2 && found == 0; far++)
        for (unsigned i = 0; i < WORDS_COUNT && found < NEAR; i++)
            if (distance(typed, words_at(i)) == far)
                len += (size_t)snprintf(said + len, PAPER_SAID - len, "%s %s",
                                        found++ == 0 ? "; perhaps" : ",", words_at(i));
}

bool paper_get_line(const char *typed, unsigned i, uint8_t paper[PAPER_LEN], char said[PAPER_SAID])
{
    unsigned word[PAPER_WORDS], count = 0;
    char one[64];
    for (const char *p = typed; *p != '\0';) {
        size_t n = 0;
        while (*p != '\0' && (isspace((unsigned char)*p) || *p == ','))
            p++;
        for (; *p != '\0' && !isspace((unsigned char)*p) && *p != ','; p++)
            if (n + 1 < sizeof one)
                one[n++] = (char)tolower((unsigned char)*p);
        one[n] = '\0';
        if (n == 0)
            break;
        int at = find_word(one);
        if (at < 0) {
            say_near(one, i, said);
            return false;
        }
        if (count < PAPER_WORDS)
            word[count] = (unsigned)at;
        count++;
    }
    if (count != PAPER_WORDS) {
        snprintf(said, PAPER_SAID, "line %u: it has eight words, not %u", i + 1, count);
        return false;
    }
    if (check_word(word, i) != word[PAPER_WORDS - 1]) {
        snprintf(
            said, PAPER_SAID,
            "line %u: a word of it is another one of the list, or it is another line; compare it "
            "with the paper",
            i + 1);
        return false;
    }
    for (unsigned k = 0; k < DATA_WORDS; k++)
        set_word(paper, i * DATA_WORDS + k, word[k]);
    return true;
}

/* ---- the code ---- */

void paper_put_code(const uint8_t paper[PAPER_LEN], char out[PAPER_CODE])
{
    memcpy(out, code_start, sizeof code_start);
    segment_hex(paper, PAPER_LEN, out + sizeof code_start - 1);
    for (char *p = out; *p != '\0'; p++) /* QR codes hold capitals in less room */
        *p = (char)toupper((unsigned char)*p);
}

bool paper_get_code(const char *text, uint8_t paper[PAPER_LEN], bool *ok)
{
    char hex[2 * PAPER_LEN + 1];
    size_t n = 0;
    while (isspace((unsigned char)*text))
        text++;
    if (strncmp(text, code_start, sizeof code_start - 1) != 0)
        return false;
    for (text += sizeof code_start - 1; *text != '\0'; text++)
        if (!isspace((unsigned char)*text) && n < sizeof hex - 1)
            hex[n++] = (char)tolower((unsigned char)*text);
    hex[n] = '\0';
    *ok = segment_unhex(hex, PAPER_LEN, paper) && paper_whole(paper);
    return true;
}
