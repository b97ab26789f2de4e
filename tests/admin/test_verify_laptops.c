#include "tests/admin/sent.h"

#include <unistd.h>

/* Which laptop, whose history, whose key: what verify makes of whole segments in the wrong place or
 * hands. */

enum { INTERVIEWS = 40, SUPERVISOR_AT = 2 };

static struct sent *sent; /* of two laptops */

static uint64_t first_of(const struct piece *p)
{
    struct segment_name n;
    assert_true(segment_get_name(p->name, &n));
    return n.first;
}

static uint64_t last_of(const struct piece *p)
{
    struct segment_name n;
    assert_true(segment_get_name(p->name, &n));
    return n.last;
}

/* Pieces of the first laptop come first. */
static size_t pieces_of_first(void)
{
    size_t n = 0;
    while (n < sent->pieces && memcmp(sent->piece[n].device, sent->piece[0].device, 32) == 0)
        n++;
    return n;
}

static void with_supervisor(struct world *w)
{
    struct secret *passphrase = NULL;
    struct secret_cost cost;
    struct pack_key pub;
    struct buffer b = {0};
    struct pack *pack = NULL;
    char *path = path_in(w, "field.key");
    assert_true(secret_cost_named("interactive", &cost));
    assert_int_equal(secret_copy("for tests only", 15, &passphrase), ERR_OK);
    assert_int_equal(studykey_create(path, STUDYKEY_SUPERVISOR, passphrase, cost, &pub), ERR_OK);
    studykey_free(w->key[SUPERVISOR_AT]);
    w->key[SUPERVISOR_AT] = NULL;
    assert_int_equal(studykey_open(path, passphrase, &w->key[SUPERVISOR_AT]), ERR_OK);
    const struct pack_key researcher[2] = {w->key[0]->pub, w->key[1]->pub};
    const struct pack_parts parts = {.number = 1,
                                     .study = w->pack->study,
                                     .points = w->pack->points,
                                     .stratum = (const char *const *)w->points->stratum,
                                     .strata = w->points->strata,
                                     .researcher = researcher,
                                     .researchers = 2,
                                     .supervisor = &pub,
                                     .supervisors = 1};
    assert_int_equal(pack_make(&parts, 0, secret_view(w->key[0]->sign), &b), ERR_OK);
    assert_int_equal(pack_parse(buffer_view(&b), "test.pack", &pack), ERR_OK);
    pack_free(w->pack);
    w->pack = pack;
    buffer_free(&b);
    secret_free(passphrase);
    free(path);
}

static int start(void **state)
{
    start_several(state);
    with_supervisor(*state);
    sent = send_new(*state, "sent", INTERVIEWS, 2);
    assert_true(pieces_of_first() >= 3 && sent->pieces - pieces_of_first() >= 3);
    return 0;
}

static int stop(void **state)
{
    send_free(sent);
    return end(state);
}

static struct archive *lay_out_first(const struct world *w)
{
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i < pieces_of_first(); i++)
        put_piece(a, &sent->piece[i]);
    return a;
}

/* ---- whose key ---- */

static void a_supervisor_reads_the_field_part_and_no_answer_or_arm(void **state)
{
    const struct world *w = *state;
    struct archive *a = lay_out_first(w);
    struct seen researcher = read_archive(a, w->key[1]);
    struct seen supervisor = read_once(a, w->key[SUPERVISOR_AT]);
    assert_int_equal(supervisor.e, ERR_OK);
    assert_int_equal(supervisor.lines, 0);
    assert_int_equal(supervisor.events, researcher.events);
    assert_memory_equal(supervisor.field_hash, researcher.field_hash, HASH_LEN);
    assert_int_equal(supervisor.with_answers, 0);
    assert_int_equal(supervisor.replayed, 0);
    assert_true(researcher.replayed > 0);
}

static void a_key_of_nobody_in_the_pack_is_told_so(void **state)
{
    const struct world *w = *state;
    struct archive *a = lay_out_first(w);
    struct verify_report *r = NULL;
    struct studykey researcher =
        *w->key[SUPERVISOR_AT]; /* the supervisor's key, called a researcher's */
    researcher.role = STUDYKEY_RESEARCHER;
    said[0] = '\0';
    assert_int_equal(verify_archive(a, &researcher, NULL, NULL, &r), ERR_KEY);
    assert_null(r);
    assert_non_null(strstr(said, "not among the researchers or supervisors"));
    archive_close(a);
}

/* ---- which laptop ---- */

static void a_laptop_nobody_approved_stays_in_quarantine(void **state)
{
    const struct world *w = *state;
    size_t approvals = sent->approvals;
    sent->approvals = 0;
    struct seen s = read_once(lay_out_first(w), w->key[0]);
    sent->approvals = approvals;
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.verdict[VERDICT_QUARANTINE], 1);
    assert_int_equal(s.events, 0);
    assert_int_equal(s.entries, last_of(&sent->piece[pieces_of_first() - 1]));
}

static void an_approval_that_no_researcher_signed_approves_nothing(void **state)
{
    const struct world *w = *state;
    struct buffer b = {0};
    struct notice n = {.kind = NOTICE_APPROVAL, .researcher = 0};
    struct archive *a = open_empty();
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, sent->piece[0].device, 32);
    assert_int_equal(notice_make(&n, secret_view(w->key[SUPERVISOR_AT]->sign), &b), ERR_OK);
    put_own_pack(a, w->pack);
    assert_int_equal(archive_put_notice(a, NOTICE_APPROVAL, n.device, buffer_view(&b), NULL),
                     ERR_OK);
    put_piece(a, &sent->piece[0]);
    buffer_free(&b);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.verdict[VERDICT_QUARANTINE], 1);
    assert_int_equal(s.events, 0);
}

static void behind_the_last_position_that_counts_nothing_is_read(void **state)
{
    const struct world *w = *state;
    struct buffer b = {0};
    uint64_t last = last_of(&sent->piece[0]) + 3,
             end_at = last_of(&sent->piece[pieces_of_first() - 1]);
    struct notice n = {.kind = NOTICE_REVOCATION, .n = last, .researcher = 1};
    struct archive *a = lay_out_first(w);
    memcpy(n.pack, w->pack->hash, HASH_LEN);
    memcpy(n.device, sent->piece[0].device, 32);
    assert_int_equal(notice_make(&n, secret_view(w->key[1]->sign), &b), ERR_OK);
    assert_int_equal(archive_put_notice(a, NOTICE_REVOCATION, n.device, buffer_view(&b), NULL),
                     ERR_OK);
    buffer_free(&b);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_REVOKED);
    assert_int_equal(s.line[0].first, last + 1);
    assert_int_equal(s.line[0].last, end_at);
    assert_int_equal(s.last, last);
    assert_int_equal(s.events, last - 1);
}

static void a_pack_that_is_not_there_is_named_as_what_is_missing(void **state)
{
    const struct world *w = *state;
    struct archive *a = open_empty();
    put_piece(a, &sent->piece[0]);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_UNKNOWN_PACK);
    assert_int_equal(s.line[0].last, last_of(&sent->piece[0]));
}

/* ---- whole segments under wrong names ---- */

static void another_laptops_segment_under_this_ones_name_is_foreign_and_not_read(void **state)
{
    const struct world *w = *state;
    size_t mine = pieces_of_first();
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i + 1 < mine; i++)
        put_piece(a, &sent->piece[i]);
    put(a, sent->piece[mine - 1].name, sent->piece[0].device, buffer_view(&sent->piece[mine].file));
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FOREIGN);
    assert_int_equal(s.entries, last_of(&sent->piece[mine - 2]));
    assert_int_equal(s.last, last_of(&sent->piece[mine - 2]));
}

static void a_segment_under_another_range_of_its_laptop_is_set_aside(void **state)
{
    const struct world *w = *state;
    struct segment_name n;
    char name[SEGMENT_NAME];
    struct archive *a = open_approved(w, sent);
    put_piece(a, &sent->piece[0]);
    assert_true(segment_get_name(sent->piece[1].name, &n));
    n.first += 16;
    n.last += 16;
    segment_put_name(&n, name);
    put(a, name, sent->piece[1].device, buffer_view(&sent->piece[1].file));
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_DAMAGED);
    assert_int_equal(s.line[0].first, n.first);
    assert_int_equal(s.line[0].last, n.last);
    assert_int_equal(s.entries, last_of(&sent->piece[0]));
}

static void pull_keeps_no_file_whose_name_is_not_of_its_folder(void **state)
{
    const struct world *w = *state;
    struct pull_counts n;
    char hex[65], from[512], to[512];
    const struct piece *other = &sent->piece[pieces_of_first()];
    simulate_into(w, "misplaced", INTERVIEWS, 2);
    segment_hex(other->device, 32, hex);
    snprintf(from, sizeof from, "%s/misplaced/up/%s", w->dir, hex);
    segment_hex(sent->piece[0].device, 32, hex);
    snprintf(to, sizeof to, "%s/misplaced/up/%s/%s", w->dir, hex, other->name);
    strcat(strcat(from, "/"), other->name);
    assert_int_equal(rename(from, to), 0);
    struct archive *a = open_empty();
    pull_from(w, "misplaced", a, &n);
    assert_int_equal(n.refused, 1);
    assert_int_equal(n.segments, sent->pieces - 1);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.verdict[VERDICT_FOREIGN], 0);
    assert_int_equal(s.verdict[VERDICT_GAP], 1); /* of the laptop whose first segment was moved */
}

/* ---- whose history ---- */

static void a_missing_segment_leaves_a_gap_and_what_follows_is_read_without_replay(void **state)
{
    const struct world *w = *state;
    struct seen whole = read_once(lay_out_first(w), w->key[0]);
    struct archive *a = open_approved(w, sent);
    for (size_t i = 0; i < pieces_of_first(); i++)
        if (i != 1)
            put_piece(a, &sent->piece[i]);
    struct seen s = read_once(a, w->key[0]);
    uint64_t missing = last_of(&sent->piece[1]) - first_of(&sent->piece[1]) + 1;
    assert_int_equal(s.e, ERR_PARTIAL);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_GAP);
    assert_int_equal(s.line[0].first, first_of(&sent->piece[1]));
    assert_int_equal(s.line[0].last, last_of(&sent->piece[1]));
    assert_int_equal(s.whole_to, last_of(&sent->piece[0]));
    assert_int_equal(s.entries, whole.entries - missing);
    assert_int_equal(s.events, whole.events - missing);
    assert_int_equal(s.replayed, 0);
    assert_int_equal(s.mismatched, 0);
}

static void two_histories_of_one_laptop_are_a_fork_from_where_they_part(void **state)
{
    const struct world *w = *state;
    struct archive *a = lay_out_first(w);
    struct sent *again = send_new(w, "again", INTERVIEWS, 2); /* the same laptops, other streams */
    for (size_t i = 0; i < pieces_of_first(); i++)
        put_piece(a, &again->piece[i]);
    send_free(again);
    struct seen s = read_once(a, w->key[0]);
    assert_int_equal(s.e, ERR_DOUBT);
    assert_int_equal(s.lines, 1);
    assert_int_equal(s.line[0].verdict, VERDICT_FORK);
    assert_int_equal(s.line[0].first, 1);
    assert_int_equal(s.events, 0);
    assert_int_equal(s.verdict[VERDICT_FORGED], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supervisor_reads_the_field_part_and_no_answer_or_arm),
        cmocka_unit_test(a_key_of_nobody_in_the_pack_is_told_so),
        cmocka_unit_test(a_laptop_nobody_approved_stays_in_quarantine),
        cmocka_unit_test(an_approval_that_no_researcher_signed_approves_nothing),
        cmocka_unit_test(behind_the_last_position_that_counts_nothing_is_read),
        cmocka_unit_test(a_pack_that_is_not_there_is_named_as_what_is_missing),
        cmocka_unit_test(another_laptops_segment_under_this_ones_name_is_foreign_and_not_read),
        cmocka_unit_test(a_segment_under_another_range_of_its_laptop_is_set_aside),
        cmocka_unit_test(pull_keeps_no_file_whose_name_is_not_of_its_folder),
        cmocka_unit_test(a_missing_segment_leaves_a_gap_and_what_follows_is_read_without_replay),
        cmocka_unit_test(two_histories_of_one_laptop_are_a_fork_from_where_they_part),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
