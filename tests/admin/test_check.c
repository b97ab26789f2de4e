#include "tests/core/study_files.h"

#include <unistd.h>

#include "admin/command/command.h"
#include "admin/study_design.h"
#include "core/log.h"

static enum err run(const char *path, const char *option, char *out, size_t room)
{
    char name[] = "check", *argv[4] = {name, NULL, NULL, NULL};
    char folder[1024], file[1200], opt[16];
    int argc = 1;
    FILE *keep = tmpfile();
    assert_non_null(keep);
    snprintf(folder, sizeof folder, "%.*s", (int)(strstr(__FILE__, "admin/test_check") - __FILE__),
             __FILE__);
    snprintf(file, sizeof file, "%s%s", folder, path != NULL ? path : "");
    snprintf(opt, sizeof opt, "%s", option != NULL ? option : "");
    if (path != NULL)
        argv[argc++] = file;
    if (option != NULL)
        argv[argc++] = opt;
    fflush(stdout);
    int was = dup(STDOUT_FILENO);
    assert_true(was >= 0 && dup2(fileno(keep), STDOUT_FILENO) >= 0);
    enum err e = command_check(argc, argv);
    fflush(stdout);
    assert_true(dup2(was, STDOUT_FILENO) >= 0);
    close(was);
    rewind(keep);
    out[fread(out, 1, room - 1, keep)] = '\0';
    fclose(keep);
    return e;
}

static void a_study_with_warnings_alone_is_good(void **state)
{
    char out[4000];
    (void)state;
    assert_int_equal(run("../assets/studies/csto/study.yaml", NULL, out, sizeof out), ERR_OK);
    assert_string_equal(out, "study csto-kz, wave 2022-09: no mistakes, 4 warnings\n"
                             "list policies: who knows all earlier arms guesses the next one with "
                             "probability 0.50\n");
}

static void a_study_with_mistakes_is_not(void **state)
{
    char out[4000];
    (void)state;
    assert_int_equal(run("core/studies/five-mistakes.yaml", NULL, out, sizeof out), ERR_STUDY);
    assert_non_null(strstr(out, "five-mistakes.yaml: 5 mistakes, no warnings\n"));
}

static void json_is_one_object_with_every_report(void **state)
{
    char out[8000];
    (void)state;
    assert_int_equal(run("core/studies/five-mistakes.yaml", "--json", out, sizeof out), ERR_STUDY);
    assert_int_equal(out[0], '{');
    assert_non_null(strstr(out, "\"study\": null"));
    assert_non_null(strstr(out, "\"mistakes\": 5"));
    assert_non_null(strstr(out, "\"line\": 13"));
}

static void wrong_use_is_told_apart(void **state)
{
    char out[4000];
    (void)state;
    assert_int_equal(run(NULL, NULL, out, sizeof out), ERR_USAGE);
    assert_int_equal(run("core/studies/five-mistakes.yaml", "--jsn", out, sizeof out), ERR_USAGE);
    assert_int_equal(run("core/studies/none.yaml", NULL, out, sizeof out), ERR_FILE);
    assert_int_equal(run(NULL, "-h", out, sizeof out), ERR_OK);
    assert_non_null(strstr(out, "usage: sanaq-admin check"));
}

/* Warnings of the whole-language study after one edit. */
static size_t warnings(const char *from, const char *to, const char *part)
{
    static const char csv[] = "id,region,weight,addresses,target\n"
                              "a,north,1,1,100\nb,south,1,1,100\nc,south,1,1,20\n";
    char *text = text_of("studies/whole-language.yaml"), *other = edited(text, from, to);
    struct study *s = NULL;
    struct points *p = NULL;
    struct told t = {0};
    struct study_reports r = {0};
    size_t found = 0;
    assert_int_equal(study_parse(bytes_of(other), hear, &t, &s), ERR_OK);
    assert_int_equal(points_parse(bytes_of(csv), s, hear, &t, &p), ERR_OK);
    study_design_judge(s, p, &r);
    assert_int_equal(study_reports_send(&r, ERR_STUDY, hear, &t), ERR_OK);
    for (size_t i = 0; i < t.count && i < TOLD_MAX; i++) {
        assert_true(t.one[i].warning && t.one[i].line > 0);
        found += strstr(t.one[i].what, part) != NULL ? 1 : 0;
    }
    points_free(p);
    study_free(s);
    free(other);
    free(text);
    return found;
}

static void doubtful_designs_are_warned_of(void **state)
{
    static const char same[] = "study: ";
    char longer[3000] = "en: A", *end = longer + 5;
    (void)state;
    assert_int_equal(warnings(same, same, "tests the method itself"), 0);
    assert_int_equal(warnings(same, same, "only 2 control items"), 1);
    assert_int_equal(warnings(same, same, "share the item `one`"), 1);
    assert_int_equal(warnings(same, same, "`two`"), 1);
    assert_int_equal(warnings("derived: [", "derived: [{id: alone, from: others, map: {0: yes}}, ",
                              "no value for the code 1 of `others`"),
                     1);
    assert_int_equal(warnings(same, same, "blocks"), 0);
    assert_int_equal(warnings("[4, 8, 12]", "[8]", "all blocks have one size"), 1);
    assert_int_equal(warnings("strata: [region]", "strata: [id]", "fewer than two blocks"), 1);
    assert_int_equal(warnings("sensitive: [{id: csto, hide: disagree, text",
                              "sensitive: [{id: csto, "
                              "hide: disagree, known: 0.0, text",
                              "tests the method"),
                     0);
    assert_int_equal(warnings(same, same, "80x24"), 0);
    for (int i = 0; i < 250; i++, end += 5)
        memcpy(end, " long", 6);
    assert_int_equal(warnings("en: Gender", longer, "in en the question `gender` takes"), 1);
    memcpy(longer, "en: H", 5);
    assert_int_equal(warnings("en: How many", longer, "in en the card of `policies` takes"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_with_warnings_alone_is_good),
        cmocka_unit_test(a_study_with_mistakes_is_not),
        cmocka_unit_test(json_is_one_object_with_every_report),
        cmocka_unit_test(wrong_use_is_told_apart),
        cmocka_unit_test(doubtful_designs_are_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
