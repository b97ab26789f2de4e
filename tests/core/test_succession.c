/* Which pack may follow which: a table of changes, who signed, and what is said of it. */
#include "tests/core/signed.h"

#include "core/succession.h"

enum { PEOPLE = 5 }; /* 0 1 2 are the old pack's researchers, 3 is its supervisor, 4 a stranger */
static struct pack_key key[PEOPLE];
static uint8_t secret[PEOPLE][64];
static char *old_targets[] = {(char *)"dir:/a", (char *)"dir:/b"},
            *turned_targets[] = {(char *)"dir:/b", (char *)"dir:/a"},
            *new_targets[] = {(char *)"dir:/a", (char *)"dir:/c"};
static const struct study study = {.id = (char *)"s", .target = old_targets, .targets = 2};

static const uint8_t first[HASH_LEN] = {1};

static int start(void **state)
{
    uint8_t box_secret[32];
    (void)state;
    log_to(silent, NULL);
    assert_true(sodium_init() >= 0);
    for (size_t i = 0; i < PEOPLE; i++) {
        crypto_sign_keypair(key[i].sign, secret[i]);
        crypto_box_keypair(key[i].box, box_secret);
    }
    return 0;
}

/* People by their digits, such as "012"; ${signed_by}: the signer first. */
static struct pack *make(const char *researchers, const char *supervisors, const char *signed_by,
                         uint32_t number, const uint8_t *replaces, bool other_box)
{
    static const char *const stratum[] = {"all"};
    struct pack_key r[PEOPLE], s[PEOPLE];
    struct buffer b = {0};
    struct pack *p = NULL;
    struct pack_parts parts = {.number = number,
                               .replaces = replaces,
                               .study = {(const uint8_t *)"s", 1},
                               .points = {(const uint8_t *)"p", 1},
                               .stratum = stratum,
                               .strata = 1,
                               .researcher = r,
                               .researchers = strlen(researchers),
                               .supervisor = s,
                               .supervisors = strlen(supervisors)};
    for (size_t i = 0; i < parts.researchers; i++)
        r[i] = key[researchers[i] - '0'];
    for (size_t i = 0; i < parts.supervisors; i++)
        s[i] = key[supervisors[i] - '0'];
    if (other_box)
        r[1].box[0] ^= 1;
    for (const char *c = signed_by; *c != '\0'; c++) {
        uint8_t place = (uint8_t)(strchr(researchers, *c) - researchers);
        assert_true(place < parts.researchers);
        enum err e = p == NULL ? pack_make(&parts, place, secret[*c - '0'], &b)
                               : pack_sign(p, place, secret[*c - '0'], &b);
        assert_int_equal(e, ERR_OK);
        pack_free(p);
        assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &p), ERR_OK);
        buffer_free(&b);
    }
    return p;
}

static const struct row {
    const char *what, *researchers, *supervisors, *signed_by;
    char **targets;
    const char *study;
    uint32_t number;
    bool other_box, changes, adds;
    enum succession is;
} rows[] = {
    {"nothing but the text", "012", "3", "0", old_targets, "s", 4, false, false, false,
     SUCCESSION_FOLLOWS},
    {"the order of keys and targets", "210", "3", "0", turned_targets, "s", 4, false, false, false,
     SUCCESSION_FOLLOWS},
    {"a number left out", "012", "3", "0", old_targets, "s", 9, false, false, false,
     SUCCESSION_FOLLOWS},
    {"the same number", "012", "3", "0", old_targets, "s", 3, false, false, false,
     SUCCESSION_NUMBER},
    {"a lower number", "012", "3", "01", old_targets, "s", 2, false, false, false,
     SUCCESSION_NUMBER},
    {"another study", "012", "3", "01", old_targets, "t", 4, false, false, false, SUCCESSION_STUDY},
    {"a researcher more, one signature", "0124", "3", "0", old_targets, "s", 4, false, true, true,
     SUCCESSION_CIRCLE},
    {"a researcher more, signed by himself", "0124", "3", "04", old_targets, "s", 4, false, true,
     true, SUCCESSION_CIRCLE},
    {"a researcher more, two signatures", "0124", "3", "02", old_targets, "s", 4, false, true, true,
     SUCCESSION_FOLLOWS},
    {"a researcher less, one signature", "01", "3", "0", old_targets, "s", 4, false, true, false,
     SUCCESSION_CIRCLE},
    {"a researcher less, two signatures", "01", "3", "01", old_targets, "s", 4, false, true, false,
     SUCCESSION_FOLLOWS},
    {"a researcher put in another's place", "014", "3", "01", old_targets, "s", 4, false, true,
     true, SUCCESSION_FOLLOWS},
    {"all but one new", "04", "3", "04", old_targets, "s", 4, false, true, true, SUCCESSION_CIRCLE},
    {"a supervisor more, one signature", "012", "34", "0", old_targets, "s", 4, false, true, true,
     SUCCESSION_CIRCLE},
    {"a supervisor more, two signatures", "012", "34", "01", old_targets, "s", 4, false, true, true,
     SUCCESSION_FOLLOWS},
    {"a supervisor made a researcher", "0123", "", "0", old_targets, "s", 4, false, true, true,
     SUCCESSION_CIRCLE},
    {"no supervisor any more", "012", "", "01", old_targets, "s", 4, false, true, false,
     SUCCESSION_FOLLOWS},
    {"another box key under the same name", "012", "3", "0", old_targets, "s", 4, true, true, true,
     SUCCESSION_CIRCLE},
    {"another target, one signature", "012", "3", "0", new_targets, "s", 4, false, true, false,
     SUCCESSION_CIRCLE},
    {"another target, two signatures", "012", "3", "02", new_targets, "s", 4, false, true, false,
     SUCCESSION_FOLLOWS},
    {"another signer alone", "012", "3", "1", old_targets, "s", 4, false, true, false,
     SUCCESSION_CIRCLE},
    {"another signer and a second", "012", "3", "12", old_targets, "s", 4, false, true, false,
     SUCCESSION_FOLLOWS},
};

static void one_key_alone_never_changes_the_circle(void **state)
{
    (void)state;
    struct pack *old = make("012", "3", "0", 3, first, false);
    struct edition now = {old, &study};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct study s = {.id = (char *)(uintptr_t)r->study, .target = r->targets, .targets = 2};
        struct pack *p =
            make(r->researchers, r->supervisors, r->signed_by, r->number, old->hash, r->other_box);
        struct edition next = {p, &s};
        print_message("  %s\n", r->what);
        assert_int_equal(succession_judge(&now, &next), r->is);
        assert_int_equal(succession_changes(&now, &next), r->changes);
        assert_int_equal(succession_adds(old, p), r->adds);
        pack_free(p);
    }
    pack_free(old);
}

static void a_pack_that_names_another_does_not_follow(void **state)
{
    (void)state;
    struct pack *old = make("012", "3", "0", 3, first, false), *none = NULL, *other = NULL;
    uint8_t hash[HASH_LEN];
    memcpy(hash, old->hash, sizeof hash);
    hash[31] ^= 1;
    none = make("012", "3", "0", 1, NULL, false);
    other = make("012", "3", "01", 4, hash, false);
    struct edition now = {old, &study}, a = {none, &study}, b = {other, &study};
    assert_int_equal(succession_judge(&now, &a), SUCCESSION_OTHER);
    assert_int_equal(succession_judge(&now, &b), SUCCESSION_OTHER);
    assert_int_equal(succession_judge(&now, &now), SUCCESSION_OTHER);
    pack_free(old);
    pack_free(none);
    pack_free(other);
}

struct heard {
    char text[200];
};

static void hear(void *ctx, enum succession_part part, bool added, const struct pack_key *k,
                 const char *target)
{
    struct heard *h = ctx;
    size_t n = strlen(h->text);
    int who = -1;
    for (int i = 0; k != NULL && i < PEOPLE; i++)
        if (memcmp(k->sign, key[i].sign, 32) == 0)
            who = i;
    snprintf(h->text + n, sizeof h->text - n, "%c%c%d%s ", added ? '+' : '-', "SRVT"[part], who,
             target != NULL ? target : "");
}

static void every_change_is_told_new_ones_first(void **state)
{
    (void)state;
    struct study s = {.id = (char *)"s", .target = new_targets, .targets = 2};
    struct pack *old = make("012", "3", "0", 3, first, false);
    struct pack *p = make("124", "", "12", 4, old->hash, false);
    struct edition now = {old, &study}, next = {p, &s};
    struct heard h = {""};
    succession_each(&now, &next, hear, &h);
    assert_string_equal(h.text, "+S1 +R4 +T-1dir:/c -S0 -R0 -V3 -T-1dir:/b ");
    assert_int_equal(succession_signed(old, p), 2);
    assert_int_equal(succession_could_sign(old, p), 2);
    pack_free(old);
    pack_free(p);
}

static void a_person_has_one_place_in_a_pack(void **state)
{
    (void)state;
    static const char *const stratum[] = {"all"};
    struct pack_key twice[2] = {key[0], key[1]};
    struct pack_parts parts = {.number = 1,
                               .study = {(const uint8_t *)"s", 1},
                               .points = {(const uint8_t *)"p", 1},
                               .stratum = stratum,
                               .strata = 1,
                               .researcher = twice,
                               .researchers = 2};
    struct buffer b = {0};
    struct pack *p = NULL;
    memcpy(twice[1].sign, twice[0].sign, 32); /* he would sign for two */
    assert_int_equal(pack_make(&parts, 0, secret[0], &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "x.pack", &p), ERR_FORMAT);
    assert_null(p);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_alone_never_changes_the_circle),
        cmocka_unit_test(a_pack_that_names_another_does_not_follow),
        cmocka_unit_test(every_change_is_told_new_ones_first),
        cmocka_unit_test(a_person_has_one_place_in_a_pack),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
