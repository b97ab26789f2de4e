/* Packs over time as the office reads them: one chain through several packs, each reader from where
 * it was named on, and packs that nobody may make. */
#include "tests/admin/sent.h"
#include "tests/admin/successor.h"

#include "core/disposition.h"

enum { LAPTOP_PACKS = 4 };

/* A laptop in memory that seals contacts without screens or disk. */
struct box {
    struct archive *archive;
    struct secret *sign;
    struct device *device;
    const struct pack *pack;
    struct study *study[LAPTOP_PACKS];
    size_t studies;
    struct segment_run run;
    uint8_t entry[4096];
    struct buffer segment[8]; /* one a stream, as sent */
    char name[8][SEGMENT_NAME];
    size_t segments;
};

static const struct study *study_of(const struct box *b)
{
    return b->study[b->studies - 1];
}

static void gather(struct box *b)
{
    struct bytes sealed = {b->entry, device_entry_len(study_of(b))};
    segment_run_add(&b->run, device_position(b->device), sealed);
}

static void end_stream(struct box *b)
{
    struct buffer *out = &b->segment[b->segments];
    assert_int_equal(segment_run_take(&b->run, b->name[b->segments++], out), ERR_OK);
}

static void begin_stream(struct box *b)
{
    struct buffer preamble = {0};
    uint64_t number = 0;
    assert_int_equal(device_stream(b->device, &number, &preamble), ERR_OK);
    assert_int_equal(segment_run_stream(&b->run, buffer_view(&preamble)), ERR_OK);
    buffer_free(&preamble);
}

static void root(struct box *b)
{
    struct entry_field f = {.kind = ENTRY_ROOT};
    begin_stream(b);
    assert_int_equal(device_root(b->device, &f, NULL, b->entry), ERR_OK);
    gather(b);
}

/* Go on under ${pack}; the archive learns of it too. */
static void under(struct box *b, const struct pack *pack)
{
    struct device *d = NULL;
    assert_int_equal(archive_put_pack(b->archive, pack->hash, buffer_view(&pack->bytes), NULL),
                     ERR_OK);
    assert_int_equal(study_parse(pack->study, NULL, NULL, &b->study[b->studies++]), ERR_OK);
    if (b->device == NULL) {
        assert_int_equal(archive_pin(b->archive, pack->hash), ERR_OK);
        assert_int_equal(device_create(pack, study_of(b), b->sign, &d), ERR_OK);
    } else {
        assert_int_equal(device_follow(b->device, pack, study_of(b), &d), ERR_OK);
        device_free(b->device);
    }
    b->device = d;
    b->pack = pack;
    root(b);
}

static void approve(struct box *b, const struct world *w, int researcher)
{
    static const struct entry_clocks clocks;
    struct notice n = {.kind = NOTICE_APPROVAL};
    struct buffer file = {0};
    uint8_t hash[HASH_LEN];
    memcpy(n.pack, b->pack->hash, HASH_LEN);
    memcpy(n.device, device_key(b->device), 32);
    randombytes_buf(n.value, sizeof n.value);
    n.researcher = (uint8_t)pack_researcher(b->pack, w->key[researcher]->pub.sign);
    assert_int_equal(notice_make(&n, secret_view(w->key[researcher]->sign), &file), ERR_OK);
    assert_int_equal(
        archive_put_notice(b->archive, NOTICE_APPROVAL, n.device, buffer_view(&file), NULL),
        ERR_OK);
    notice_hash(buffer_view(&file), hash);
    assert_int_equal(device_approve(b->device, n.value, hash, &clocks, b->entry), ERR_OK);
    gather(b);
    buffer_free(&file);
}

/* A contact whose every list is counted 1. */
static void contact(struct box *b)
{
    const struct study *s = study_of(b);
    uint32_t number = device_contact(b->device), counted = 0;
    struct entry_field f = {.kind = ENTRY_ASSIGNED, .contact = number};
    struct entry_answers a = {.kind = ENTRY_ASSIGNED};
    struct device_debt debt;
    strcpy(f.u.contact.interviewer, "kq7");
    strcpy(f.u.contact.point, "p1");
    f.u.contact.attempt = 1;
    f.u.contact.stratum = 1;
    device_draw(b->device, 1, 1, &a.u.draw);
    device_seal(b->device, &f, &a, b->entry);
    gather(b);
    while ((debt = device_owes(s, true, counted)).kind == ENTRY_COUNTED) {
        f = (struct entry_field){.kind = ENTRY_COUNTED, .contact = number};
        a = (struct entry_answers){.kind = ENTRY_COUNTED};
        a.u.counted.list = (uint8_t)debt.list;
        a.u.counted.count = debt.list == 0 ? 1 : ANSWER_NOT_ASKED;
        counted |= UINT32_C(1) << debt.list;
        device_seal(b->device, &f, &a, b->entry);
        gather(b);
    }
    f = (struct entry_field){.kind = ENTRY_OUTCOME, .contact = number};
    f.u.outcome.disposition = DISPOSITION_COMPLETE;
    a = (struct entry_answers){.kind = ENTRY_OUTCOME};
    for (size_t q = 0; q < s->questions; q++)
        a.u.answer[q] = ANSWER_REFUSED;
    device_seal(b->device, &f, &a, b->entry);
    gather(b);
}

static struct box *box_new(void)
{
    struct box *b = calloc(1, sizeof *b);
    uint8_t pub[32];
    assert_non_null(b);
    assert_int_equal(secret_new(64, &b->sign), ERR_OK);
    crypto_sign_keypair(pub, secret_bytes(b->sign));
    b->archive = open_empty();
    return b;
}

static void box_free(struct box *b)
{
    device_free(b->device);
    secret_free(b->sign);
    segment_run_free(&b->run);
    for (size_t i = 0; i < b->studies; i++)
        study_free(b->study[i]);
    for (size_t i = 0; i < 8; i++)
        buffer_free(&b->segment[i]);
    archive_close(b->archive);
    free(b);
}

/* Lay segments into the archive: bit i of ${which} is the i-th. */
static void lay(struct box *b, unsigned which)
{
    for (size_t i = 0; i < b->segments; i++)
        if ((which >> i & 1) != 0)
            put(b->archive, b->name[i], device_key(b->device), buffer_view(&b->segment[i]));
}

/* Root, approval and a contact under each of the packs, two streams each; closes the last. */
static void work(struct box *b, const struct world *w, struct pack *const *pack, size_t packs,
                 int approver)
{
    for (size_t i = 0; i < packs; i++) {
        under(b, pack[i]);
        contact(b);
        end_stream(b);
        begin_stream(b);
        approve(b, w, approver);
        contact(b);
        end_stream(b);
    }
}

static void one_chain_goes_through_all_packs(void **state)
{
    struct world *w = *state;
    struct box *b = box_new();
    struct pack *p[3] = {pack_by(w, NULL, "01", "0", NULL, NULL)};
    char *text = reworded(w, "Urban?", "In town?");
    p[1] = pack_by(w, p[0], "01", "0", text, NULL);
    p[2] = pack_by(w, p[1], "01", "0", NULL, NULL);
    work(b, w, p, 3, 0);
    lay(b, ~0u);
    struct seen s = read_archive(b->archive, w->key[1]);
    assert_int_equal(s.lines, 0);
    assert_int_equal(s.e, ERR_OK);
    assert_int_equal(s.replayed, 6);
    assert_int_equal(s.mismatched, 0);
    assert_int_equal(s.before_approval, 3);
    assert_int_equal(s.whole_to, device_position(b->device));
    assert_int_equal(s.events, device_position(b->device) - 3); /* all but the roots */
    for (int i = 0; i < 3; i++)
        pack_free(p[i]);
    free(text);
    box_free(b);
}

/* The third researcher is named from the second pack on; the first is retired by the third pack. */
static void everybody_reads_what_was_sealed_to_them(void **state)
{
    struct world *w = *state;
    struct box *b = box_new();
    struct pack *p[3] = {pack_by(w, NULL, "01", "0", NULL, NULL)};
    p[1] = pack_by(w, p[0], "012", "01", NULL, NULL);
    p[2] = pack_by(w, p[1], "12", "12", NULL, NULL);
    work(b, w, p, 3, 1);
    lay(b, ~0u);
    static const struct {
        uint64_t replayed;
        unsigned not_ours;
    } of_key[3] = {{4, 2}, {6, 0}, {4, 2}};
    for (size_t k = 0; k < 3; k++) {
        struct seen s = read_archive(b->archive, w->key[k]);
        assert_int_equal(s.verdict[VERDICT_NOT_OURS], of_key[k].not_ours);
        assert_int_equal(s.lines, of_key[k].not_ours); /* and nothing worse */
        assert_int_equal(s.replayed, of_key[k].replayed);
        assert_int_equal(s.mismatched, 0);
        assert_int_equal(s.whole_to, device_position(b->device));
    }
    for (int i = 0; i < 3; i++)
        pack_free(p[i]);
    box_free(b);
}

/* Whatever is missing, nothing that came is called forged, and what can be checked is. */
static void a_root_in_a_gap_accuses_nobody(void **state)
{
    struct world *w = *state;
    struct box *b = box_new();
    struct pack *p[3] = {pack_by(w, NULL, "01", "0", NULL, NULL)};
    p[1] = pack_by(w, p[0], "01", "0", NULL, NULL);
    p[2] = pack_by(w, p[1], "01", "0", NULL, NULL);
    work(b, w, p, 3, 0);
    assert_int_equal(b->segments, 6);
    for (unsigned which = 1; which < 1u << 6; which++) {
        struct archive *a = b->archive;
        b->archive = open_empty();
        assert_int_equal(archive_pin(b->archive, p[0]->hash), ERR_OK);
        for (int i = 0; i < 3; i++)
            archive_put_pack(b->archive, p[i]->hash, buffer_view(&p[i]->bytes), NULL);
        lay(b, which);
        struct notice n = {.kind = NOTICE_APPROVAL};
        struct buffer file = {0};
        memcpy(n.pack, p[0]->hash, HASH_LEN); /* under the first pack: it counts under all */
        memcpy(n.device, device_key(b->device), 32);
        assert_int_equal(notice_make(&n, secret_view(w->key[0]->sign), &file), ERR_OK);
        archive_put_notice(b->archive, NOTICE_APPROVAL, n.device, buffer_view(&file), NULL);
        struct seen s = read_once(b->archive, w->key[1]);
        assert_int_equal(s.verdict[VERDICT_FORGED], 0);
        assert_int_equal(s.verdict[VERDICT_FORK], 0);
        assert_int_equal(s.verdict[VERDICT_QUARANTINE], 0);
        if ((which & 0x15) == 0) /* no root came */
            assert_int_equal(s.events, 0);
        buffer_free(&file);
        b->archive = a;
    }
    for (int i = 0; i < 3; i++)
        pack_free(p[i]);
    box_free(b);
}

/* A laptop under a pack that nobody may make is set aside, whoever signed what. */
static void packs_outside_the_line_do_not_count(void **state)
{
    struct world *w = *state;
    struct pack *first = pack_by(w, NULL, "01", "0", NULL, NULL);
    struct pack *stolen =
        pack_by(w, first, "012", "0", NULL, NULL);                 /* one signature, a new reader */
    struct pack *own = pack_by(w, first, "012", "02", NULL, NULL); /* signed by the new one too */
    struct pack *signer = pack_by(w, first, "01", "1", NULL, NULL); /* by another one alone */
    struct pack *foreign = pack_by(w, NULL, "01", "1", NULL, NULL); /* replaces nothing */
    struct pack *bad[] = {stolen, own, signer, foreign};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct box *b = box_new();
        work(b, w, &first, 1, 0);
        work(b, w, &bad[i], 1, 0);
        lay(b, ~0u);
        struct seen s = read_archive(b->archive, w->key[1]);
        assert_int_equal(s.verdict[VERDICT_UNKNOWN_PACK], 2);
        assert_int_equal(s.lines, 2);
        assert_int_equal(s.replayed, 2);
        box_free(b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        pack_free(bad[i]);
    pack_free(first);
}

/* The archive is of the second pack; laptops under the first are of its line as well. */
static void the_line_goes_back_from_the_archives_own_pack_too(void **state)
{
    struct world *w = *state;
    struct box *b = box_new();
    struct pack *p[2] = {pack_by(w, NULL, "01", "0", NULL, NULL)};
    p[1] = pack_by(w, p[0], "01", "0", NULL, NULL);
    work(b, w, p, 2, 0);
    struct archive *a = open_empty();
    put_own_pack(a, p[0]);
    archive_close(b->archive);
    b->archive = open_empty();
    assert_int_equal(archive_pin(b->archive, p[1]->hash), ERR_OK);
    for (int i = 0; i < 2; i++)
        archive_put_pack(b->archive, p[i]->hash, buffer_view(&p[i]->bytes), NULL);
    lay(b, ~0u);
    struct seen s = read_archive(b->archive, w->key[1]);
    assert_int_equal(s.verdict[VERDICT_UNKNOWN_PACK], 0);
    assert_int_equal(s.entries, device_position(b->device));
    archive_close(a);
    for (int i = 0; i < 2; i++)
        pack_free(p[i]);
    box_free(b);
}

/* A laptop that goes back to an older pack, or that roots itself once more, does what no laptop
 * does. */
static void a_pack_is_never_gone_back_to(void **state)
{
    struct world *w = *state;
    struct box *b = box_new();
    struct pack *p[2] = {pack_by(w, NULL, "01", "0", NULL, NULL)};
    p[1] = pack_by(w, p[0], "01", "0", NULL, NULL);
    work(b, w, p, 2, 0);
    work(b, w, p, 1, 0);
    lay(b, ~0u);
    struct seen s = read_archive(b->archive, w->key[1]);
    assert_true(s.verdict[VERDICT_FORGED] > 0);
    assert_int_equal(s.replayed, 4);
    for (int i = 0; i < 2; i++)
        pack_free(p[i]);
    box_free(b);
}

#define SEVERAL(test) WITH(start_several, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEVERAL(one_chain_goes_through_all_packs),
        SEVERAL(everybody_reads_what_was_sealed_to_them),
        SEVERAL(a_root_in_a_gap_accuses_nobody),
        SEVERAL(packs_outside_the_line_do_not_count),
        SEVERAL(the_line_goes_back_from_the_archives_own_pack_too),
        SEVERAL(a_pack_is_never_gone_back_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
