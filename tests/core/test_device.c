#include "tests/core/study_files.h"

#include "core/device.h"
#include "core/log.h"

/* One laptop in memory: what a contact owes, fillers, state, approval, streams. */

static struct {
    struct study *study;
    struct pack pack;
    struct secret *sign;
    struct entry_clocks clocks;
    uint8_t entry[4096];
} t;

static int start(void **state)
{
    (void)state;
    char *yaml = text_of("../../assets/studies/csto/study.yaml");
    uint8_t device[32];
    if (secret_start() != ERR_OK || secret_new(64, &t.sign) != ERR_OK ||
        study_parse(bytes_of(yaml), NULL, NULL, &t.study) != ERR_OK)
        return -1;
    crypto_sign_keypair(device, secret_bytes(t.sign));
    t.pack.number = 4;
    t.pack.strata = 3;
    t.pack.researchers = 2;
    for (size_t i = 0; i < 2; i++)
        crypto_box_keypair(t.pack.researcher[i].box, t.pack.researcher[i].sign);
    free(yaml);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    study_free(t.study);
    secret_free(t.sign);
    return 0;
}

static void begin(struct device *d)
{
    struct buffer preamble = {0};
    uint64_t number = 0;
    assert_int_equal(device_stream(d, &number, &preamble), ERR_OK);
    buffer_free(&preamble);
}

static struct device *new_device(void)
{
    static const uint8_t roots[64] = {1};
    struct device *d = NULL;
    struct entry_field root = {.kind = ENTRY_ROOT};
    assert_int_equal(device_create(&t.pack, t.study, t.sign, &d), ERR_OK);
    begin(d);
    assert_int_equal(device_root(d, &root, roots, t.entry), ERR_OK);
    return d;
}

static struct device *again(const struct device *d)
{
    size_t len = device_state_len(t.study, t.pack.strata);
    struct device *back = NULL;
    uint8_t *saved = malloc(len);
    assert_non_null(saved);
    device_save(d, saved);
    assert_int_equal(device_load(&t.pack, t.study, t.sign, (struct bytes){saved, len}, &back),
                     ERR_OK);
    free(saved);
    return back;
}

static void a_contact_owes_two_entries_and_one_a_list_wherever_it_ends(void **state)
{
    (void)state;
    size_t lists = t.study->lists;
    uint32_t all = (UINT32_C(1) << lists) - 1;
    assert_int_equal(device_owes(t.study, false, 0).kind, ENTRY_CONTACT);
    for (uint32_t counted = 0; counted <= all; counted++) {
        uint32_t paid = counted;
        size_t entries = 1; /* assigned */
        for (uint32_t l = 0; l < lists; l++)
            entries += counted >> l & 1;
        struct device_debt debt = device_owes(t.study, true, paid);
        for (; debt.kind == ENTRY_COUNTED; debt = device_owes(t.study, true, paid)) {
            assert_int_equal(paid >> debt.list & 1, 0);
            paid |= UINT32_C(1) << debt.list;
            entries++;
        }
        assert_int_equal(debt.kind, ENTRY_OUTCOME);
        assert_int_equal(entries + 1, entry_per_contact(t.study));
    }
}

static void fillers_bring_the_position_to_a_multiple_of_sixteen_and_no_further(void **state)
{
    (void)state;
    struct device *d = new_device();
    unsigned fillers = 0;
    while (device_fill(d, &t.clocks, t.entry))
        fillers++;
    assert_int_equal(fillers, 15);
    assert_int_equal(device_position(d), 16);
    assert_false(device_fill(d, &t.clocks, t.entry));
    assert_int_equal(device_position(d), 16);
    device_free(d);
}

static void a_saved_state_goes_on_with_the_same_draws_position_and_head(void **state)
{
    (void)state;
    struct device *d = new_device();
    struct draw x, y;
    device_draw(d, 1, 1, &x);
    device_contact(d);
    device_set_simulated(d);
    device_golive(d);
    struct device *back = again(d);
    assert_int_equal(device_position(back), 1);
    assert_memory_equal(device_head(back), device_head(d), HASH_LEN);
    assert_memory_equal(device_key(back), device_key(d), 32);
    assert_false(device_test(back));
    for (unsigned i = 0; i < 20; i++) {
        uint16_t stratum = (uint16_t)(i % 4);
        device_draw(d, stratum, 1, &x);
        device_draw(back, stratum, 1, &y);
        assert_int_equal(x.arm[0], y.arm[0]);
        assert_true(x.order[0] == y.order[0]);
    }
    assert_int_equal(device_contact(back), device_contact(d));
    device_free(back);
    device_free(d);
}

static void a_state_that_is_not_one_is_refused(void **state)
{
    (void)state;
    struct device *d = new_device(), *back = NULL;
    size_t len = device_state_len(t.study, t.pack.strata);
    uint8_t *saved = calloc(1, len + 1);
    assert_non_null(saved);
    device_save(d, saved);
    for (size_t n = 0; n < len; n += 7)
        assert_int_equal(device_load(&t.pack, t.study, t.sign, (struct bytes){saved, n}, &back),
                         ERR_FORMAT);
    assert_int_equal(device_load(&t.pack, t.study, t.sign, (struct bytes){saved, len + 1}, &back),
                     ERR_FORMAT);
    saved[0]++; /* another version */
    assert_int_equal(device_load(&t.pack, t.study, t.sign, (struct bytes){saved, len}, &back),
                     ERR_FORMAT);
    assert_null(back);
    free(saved);
    device_free(d);
}

static void an_approval_is_taken_once_and_changes_the_draws_to_come(void **state)
{
    (void)state;
    struct device *d = new_device();
    struct device *without = again(d);
    static const uint8_t random[32] = {5}, hash[HASH_LEN] = {6};
    struct draw x, y;
    unsigned differ = 0;
    assert_false(device_approved(d));
    assert_int_equal(device_approve(d, random, hash, &t.clocks, t.entry), ERR_OK);
    assert_true(device_approved(d));
    assert_int_equal(device_position(d), 2);
    assert_int_equal(device_approve(d, random, hash, &t.clocks, t.entry), ERR_STATE);
    assert_int_equal(device_position(d), 2);
    struct device *back = again(d);
    begin(back);
    assert_int_equal(device_approve(back, random, hash, &t.clocks, t.entry), ERR_STATE);
    for (unsigned i = 0; i < 64; i++) {
        device_draw(d, 1, 1, &x);
        device_draw(without, 1, 1, &y);
        differ += x.arm[0] != y.arm[0];
    }
    assert_in_range(differ, 8, 56);
    device_free(back);
    device_free(without);
    device_free(d);
}

static void a_stream_without_entries_leaves_no_trace(void **state)
{
    (void)state;
    struct device *d = new_device();
    uint8_t head[HASH_LEN];
    struct buffer preamble[2] = {{0}, {0}};
    uint64_t number[2];
    memcpy(head, device_head(d), HASH_LEN);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(device_stream(d, &number[i], &preamble[i]), ERR_OK);
        assert_int_equal(device_position(d), 1);
        assert_memory_equal(device_head(d), head, HASH_LEN);
        assert_memory_equal(preamble[i].p + 90, head, HASH_LEN); /* the previous head */
    }
    assert_int_equal(number[1], number[0] + 1);
    assert_int_equal(preamble[0].len, preamble[1].len);
    for (size_t i = 0; i < 2; i++)
        buffer_free(&preamble[i]);
    device_free(d);
}

static void until_it_goes_live_a_laptop_draws_from_chains_of_their_own(void **state)
{
    (void)state;
    struct device *d = new_device(), *live = NULL;
    struct draw x, y;
    unsigned differ = 0;
    assert_true(device_test(d));
    live = again(d);
    device_golive(live);
    for (unsigned i = 0; i < 64; i++) {
        device_draw(d, 1, 1, &x);
        device_draw(live, 1, 1, &y);
        differ += x.arm[0] != y.arm[0];
    }
    assert_in_range(differ, 8, 56);
    device_free(live);
    device_free(d);
}

static void a_laptop_that_lost_its_state_goes_on_behind_its_last_entry_with_another_root(
    void **state)
{
    (void)state;
    struct device *d = new_device(), *back = NULL, *kept = NULL;
    struct entry_field root = {.kind = ENTRY_ROOT};
    struct buffer preamble = {0};
    uint8_t head[HASH_LEN];
    uint64_t number = 0;
    while (device_fill(d, &t.clocks, t.entry))
        ;
    memcpy(head, device_head(d), HASH_LEN);
    assert_int_equal(device_restart(&t.pack, t.study, t.sign, 16, head, 1, &back), ERR_OK);
    assert_int_equal(device_stream(back, &number, &preamble), ERR_OK);
    assert_int_equal(number, 2);
    assert_memory_equal(preamble.p + 90, head, HASH_LEN);
    assert_int_equal(device_root(back, &root, NULL, t.entry), ERR_OK);
    assert_int_equal(device_position(back), 17);
    assert_false(device_approved(back));
    assert_int_equal(device_contact(back), 17); /* behind every number there can have been */
    kept = again(back);
    assert_int_equal(device_position(kept), 17);
    assert_int_equal(device_contact(kept), 18);
    buffer_free(&preamble);
    device_free(kept);
    device_free(back);
    device_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_owes_two_entries_and_one_a_list_wherever_it_ends),
        cmocka_unit_test(fillers_bring_the_position_to_a_multiple_of_sixteen_and_no_further),
        cmocka_unit_test(a_saved_state_goes_on_with_the_same_draws_position_and_head),
        cmocka_unit_test(a_state_that_is_not_one_is_refused),
        cmocka_unit_test(an_approval_is_taken_once_and_changes_the_draws_to_come),
        cmocka_unit_test(a_stream_without_entries_leaves_no_trace),
        cmocka_unit_test(until_it_goes_live_a_laptop_draws_from_chains_of_their_own),
        cmocka_unit_test(
            a_laptop_that_lost_its_state_goes_on_behind_its_last_entry_with_another_root),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
