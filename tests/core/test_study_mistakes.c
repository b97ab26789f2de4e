#include "study_files.h"

static const char language_file[] = "studies/whole-language.yaml";
static const char csto_file[] = "../../assets/studies/csto/study.yaml";

static void five_mistakes_give_five_reports_in_order(void **state)
{
    static const struct {
        unsigned line;
        const char *part;
    } want[] = {{1, "`study` must be an id"},
                {4, "`title` has no text in: kk"},
                {13, "a sensitive item lacks `hide`"},
                {15, "`ordre` is not a key of a list"},
                {17, "`polices` is neither a question nor a list"}};
    char *text = text_of("studies/five-mistakes.yaml");
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    assert_int_equal(study_parse(bytes_of(text), hear, &t, &s), ERR_STUDY);
    assert_null(s);
    assert_int_equal(t.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(t.one[i].line, want[i].line);
        assert_non_null(strstr(t.one[i].what, want[i].part));
    }
    free(text);
}

static void anchors_aliases_tags_and_second_documents_are_refused(void **state)
{
    static const char *const part[] = {"anchor `&name`", "tag `tag:yaml.org,2002:str`",
                                       "alias `*name`", "second document"};
    static const unsigned line[] = {1, 2, 3, 5};
    char *text = text_of("studies/unreadable.yaml");
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    assert_int_equal(study_parse(bytes_of(text), hear, &t, &s), ERR_STUDY);
    assert_int_equal(t.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(t.one[i].line, line[i]);
        assert_non_null(strstr(t.one[i].what, part[i]));
    }
    free(text);
}

/* Each mistake is made in a study without one: it must give just one report, on the line where the
 * new text stands (its mark "@@" counts and is taken out) and with these words. */
static const struct mistake {
    const char *from, *to, *part;
} mistakes[] = {
    {"wave: 2027-01\n", "", "@a study lacks `wave`"},
    {"attempts: 4", "attempts: 4\nattempts: 4", "+1`attempts` stands twice"},
    {"attempts: 4", "attempts: 0", "`attempts` must be a whole number"},
    {"attempts: 4", "attempts: [4]", "must be a single value, not a list"},
    {"attempts: 4", "attempts:", "`attempts` is empty"},
    {"attempts: 4", "tries: 4", "`tries` is not a key of a study"},
    {"final: highest", "final: best", "must be last or highest"},
    {"languages: [kk, en]", "languages: [kk, en, kk]", "`kk` stands twice"},
    {"title: {en: A title, kk: Атауы}", "title: A title", "must give a text in each language"},
    {"title: {en: A title, kk: Атауы}", "title: {en: A title}", "no text in: kk"},
    {"kk: Атауы}", "kk: Атауы, de: Titel}", "`de` is not among the languages"},
    {"{en: A title", "{en: \"A\\u202Etitle\"", "hidden character (U+202E"},
    {"{en: A title", "{en: \"A\\ttitle\"", "hidden character (U+0009"},
    {"{en: A title", "{en: \"A\\ntitle\"", "must be one line"},
    {"{en: A title", "{en: A\xE2\x80\x8Ftitle", "hidden character here (U+200F"},
    {"{en: A title", "{en: A\xC2\x85title", "hidden character here (U+0085"},
    {"{en: A title", "{en: A\x01title", "hidden character here (U+0001"},
    {"{en: A title", "{en: A\xFFtitle", "not valid UTF-8"},
    {"{en: A title", "{en: \"\"", "`en` is empty"},
    {"2028-02-29", "2027-02-29", "must be a date"},
    {"Asia/Almaty", "../etc", "not the name of a time zone"},
    {"type: choice\n    text: {en: Gender", "type: pick\n    text: {en: Gender",
     "must be choice, multi, integer or scale"},
    {"refuse: yes", "refuse: true", "`refuse` must be no or yes"},
    {"id: gender", "id: Gender!", "+0must be an id"},
    {"id: interest", "id: gender", "the id `gender` stands twice (first on line 15)"},
    {"{id: some, code", "{id: none, code", "the option `none` stands twice"},
    {"{id: some, code: 1", "{id: some, code: 0", "have the same code 0"},
    {"min: 18", "min: 100", "min is above max"},
    {"min: 18", "min: -1", "is below 0"},
    {"max: 99",
     "max: 99\n    options: [{id: a, text: {en: a, kk: a}}, {id: b, text: {en: b, kk: b}}]",
     "+1`options` does not belong to a question of type integer"},
    {"    min: 18\n", "", "-4lacks `min`"},
    {"from: 0", "from: 10", "`from` must be below `to`"},
    {"{id: tv, text", "{id: tv, code: 3, text", "the place of the option counts"},
    {"gender: male}", "gender: man}", "`man` is no option of `gender`"},
    {"gender: male}", "interest: 3}", "`interest` is not asked before this"},
    {"gender: male}", "policies: 3}", "`policies` is a list"},
    {"gender: male}", "gender: {min: 1}}", "`gender` is no integer or scale question"},
    {"age: {min: 20, max: 60}", "age: {min: 60, max: 20}", "min is above max"},
    {"{age: 30}", "{age: 17}", "cannot be an answer to `age`"},
    {"{age: 30}", "{trust: 3}", "`trust` is not asked before this"},
    {"hide: agree, ", "", "a sensitive item lacks `hide`"},
    {"hide: agree", "hide: yes", "must be agree, disagree or both"},
    {"known: 0.25", "known: 1.5", "a number from 0 to 1"},
    {"{id: five", "{id: four", "`four` stands twice in one list"},
    {"{id: void", "{id: two", "has the id of another item"},
    {"to: mixed", "to: all", "must be control or mixed"},
    {", {id: two, text: {en: Two, kk: Екі}}]\n    sensitive:\n", "]\n    sensitive:\n",
     "`items` has 1 entries; it must have 2 to 20"},
    {"[policies, policies-b]", "[policies, policies-c]", "`policies-c`, which is no list"},
    {"[policies, policies-b]", "[policies, policies]", "same list twice"},
    {"{id: four,", "{id: one,", "share the control item `one`"},
    {"expect: 1", "expect: 3", "a whole number from 0 to 2"},
    {"item: csto, text", "item: moon, text", "`moon` is no sensitive item"},
    {"method: blocks", "method: dice", "must be simple or blocks"},
    {"flying: 1}", "flying: 1, moon: 1}", "`moon` is no sensitive item"},
    {"csto: 2", "csto: 3", "the ratio is always 1:1"},
    {"blocks: [4, 8, 12]", "blocks: [4, 6, 8]", "a block of 6 cannot be shared out"},
    {"  blocks: [4, 8, 12]\n", "", "-2lacks `blocks`"},
    {"strata: [region]", "strata: [gender]", "strata must be columns of the point list"},
    {"complete: [policies, gender]", "complete: [policies, sex]", "`sex` is neither"},
    {"partial: [policies]", "partial: [policies, policies]", "`policies` stands twice"},
    {"from: gender", "from: age", "`age` is no choice question"},
    {"{1: yes, 2: no}", "{1: yes, 2: no, 3: no}", "has the code 3"},
    {"points.weight", "weight", "as points.weight, not `weight`"},
    {"female: 0.52", "female: 0.53", "must add up to 1"},
    {"female: 0.52", "women: 0.52", "`women` is no value of `gender`"},
    {"by: [gender,", "by: [media,", "several answers at once"},
    {"[first.pub, second.pub]", "[first.pub]", "1 researchers' keys"},
    {"[first.pub, second.pub]", "[first.pub, first.pub]", "`first.pub` stands twice"},
    {"[field.pub]", "[first.pub]", "is also a researcher's key"},
    {"dir:/media/stick", "ftp:host", "neither dir:FOLDER nor rclone:REMOTE:PATH"},
    {"rclone:remote:path", "rclone::local,opt=x:path", "neither dir:FOLDER nor"},
    {"sample: addresses", "sample: quota", "lacks `quotas`"},
    {"sample: addresses", "quotas: {gender: 5}\nsample: addresses", "the sample is not quota"},
    {"sample: addresses", "sample: quota\nquotas: {gender x sex: 5}", "+1`sex` is neither"},
    {"default: screen-interviewer", "default: wall", "must be paper"},
    {"lists:\n", "lists:\n  - 3\n", "+1must be a map"},
    {"check: damm}", "check: damm", "+1not YAML"},
};

/* A part may start with how many lines above or below the edit the report stands; "@": at the first
 * key of the study. */
static unsigned expected_line(const char *text, const struct mistake *m, const char **part)
{
    unsigned line = line_with(text, m->from);
    const char *p = m->part;
    for (const char *q = m->from, *r = m->to; *q != '\0' && *q == *r; q++, r++)
        line += *q == '\n' ? 1 : 0;
    if (*p == '@') {
        line = line_with(text, "study: whole");
        p++;
    } else if (*p == '+') {
        line = line_with(text, m->from) + (unsigned)(p[1] - '0');
        p += 2;
    } else if (*p == '-') {
        line = line_with(text, m->from) - (unsigned)(p[1] - '0');
        p += 2;
    }
    *part = p;
    return line;
}

static void each_mistake_gives_one_report_on_its_line(void **state)
{
    char *text = text_of(language_file);
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const char *part;
        struct told t = {0};
        struct study *s = NULL;
        char *bad = edited(text, mistakes[i].from, mistakes[i].to);
        unsigned line = expected_line(text, &mistakes[i], &part);
        enum err e = study_parse(bytes_of(bad), hear, &t, &s);
        if (e != ERR_STUDY || t.count != 1 || t.one[0].warning ||
            strstr(t.one[0].what, part) == NULL || t.one[0].line != line) {
            for (size_t k = 0; k < t.count && k < TOLD_MAX; k++)
                print_message("%u: %s\n", t.one[k].line, t.one[k].what);
            print_message("\"%s\" -> \"%s\": wanted only \"%s\" on line %u\n", mistakes[i].from,
                          mistakes[i].to, part, line);
            wrong++;
        }
        study_free(s);
        free(bad);
    }
    free(text);
    assert_int_equal(wrong, 0);
}

static void doubles_need_the_same_condition(void **state)
{
    char *text = text_of(language_file);
    char *bad = edited(text, "- id: policies-b\n    when: {gender: female}", "- id: policies-b");
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    assert_int_equal(study_parse(bytes_of(bad), hear, &t, &s), ERR_STUDY);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.one[0].line, line_with(bad, "doubles:"));
    assert_non_null(strstr(t.one[0].what, "different conditions"));
    free(bad);
    free(text);
}

static void cards_in_random_order_have_at_most_twenty_items(void **state)
{
    char *text = text_of(language_file), items[3000] = "items: [";
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    for (size_t i = 0, n = strlen(items); i < 20; i++, n = strlen(items))
        snprintf(items + n, sizeof items - n, "%s{id: i%zu, text: {en: x, kk: x}}",
                 i > 0 ? ", " : "", i);
    strcat(items, "]");
    char *bad = edited(text,
                       "items: [{id: one, text: {en: One, kk: Бір}}, {id: two, text: {en: Two, kk: "
                       "Екі}}, {id: three, text: {en: Three, kk: Үш}}]",
                       items);
    assert_int_equal(study_parse(bytes_of(bad), hear, &t, &s), ERR_STUDY);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.one[0].line, line_with(bad, "order: random"));
    assert_non_null(strstr(t.one[0].what, "a card of 21 items"));
    free(bad);
    free(text);
}

static void texts_have_a_limit(void **state)
{
    char *text = text_of(language_file);
    char *longer = malloc(STUDY_MAX_TEXT + 20);
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    assert_non_null(longer);
    memset(longer, 'x', STUDY_MAX_TEXT + 1);
    longer[STUDY_MAX_TEXT + 1] = '\0';
    char *bad = edited(text, "A title", longer);
    assert_int_equal(study_parse(bytes_of(bad), hear, &t, &s), ERR_STUDY);
    assert_int_equal(t.count, 1);
    assert_non_null(strstr(t.one[0].what, "4001 bytes"));
    free(bad);
    longer[STUDY_MAX_TEXT] = '\0';
    bad = edited(text, "A title", longer);
    t.count = 0;
    assert_int_equal(study_parse(bytes_of(bad), hear, &t, &s), ERR_OK);
    study_free(s);
    free(bad);
    free(longer);
    free(text);
}

static void sizes_and_depths_have_a_limit(void **state)
{
    char *large = malloc(STUDY_MAX_BYTES + 2);
    struct study *s = NULL;
    struct told t = {0};
    (void)state;
    assert_non_null(large);
    memset(large, '[', STUDY_MAX_BYTES + 1);
    large[STUDY_MAX_BYTES + 1] = '\0';
    assert_int_equal(study_parse(bytes_of(large), hear, &t, &s), ERR_STUDY);
    assert_non_null(strstr(t.one[0].what, "larger than"));
    large[STUDY_MAX_BYTES] = '\0';
    t.count = 0;
    assert_int_equal(study_parse(bytes_of(large), hear, &t, &s), ERR_STUDY);
    assert_int_equal(t.count, 1);
    assert_non_null(strstr(t.one[0].what, "nested too deeply"));
    free(large);
}

static void empty_files_and_other_files_are_refused(void **state)
{
    static const char *const file[] = {"", "# nothing\n", "- a\n- b\n", "hello\n"};
    (void)state;
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        struct study *s = NULL;
        struct told t = {0};
        assert_int_equal(study_parse(bytes_of(file[i]), hear, &t, &s), ERR_STUDY);
        assert_int_equal(t.count, 1);
    }
}

static void try_bytes(const char *p, size_t len)
{
    struct study *s = NULL;
    struct told t = {0};
    uint8_t *copy = malloc(len > 0 ? len : 1); /* exact, so that reading past its end shows */
    assert_non_null(copy);
    memcpy(copy, p, len);
    enum err e = study_parse((struct bytes){copy, len}, hear, &t, &s);
    assert_true(e == ERR_OK ? t.count == 0 : e == ERR_STUDY && t.count > 0 && s == NULL);
    for (size_t i = 1; i < t.count && i < TOLD_MAX; i++)
        assert_true(t.one[i - 1].line <= t.one[i].line || t.one[i].line == 0);
    study_free(s);
    free(copy);
}

static void damaged_studies_never_crash(void **state)
{
    static const char put[] = {'\0', '\n', '"', '{', ']', ':', '-', ' ', '\x80', '\xE2', '&', '7'};
    static const char *const file[] = {language_file, csto_file};
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        char *text = text_of(file[f]);
        size_t len = strlen(text);
        for (size_t i = 0; i < len; i += 7)
            try_bytes(text, i);
        for (size_t i = 0; i < len; i += 3) {
            char was = text[i];
            text[i] = put[i / 3 % sizeof put];
            try_bytes(text, len);
            text[i] = was;
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_mistakes_give_five_reports_in_order),
        cmocka_unit_test(anchors_aliases_tags_and_second_documents_are_refused),
        cmocka_unit_test(each_mistake_gives_one_report_on_its_line),
        cmocka_unit_test(doubles_need_the_same_condition),
        cmocka_unit_test(cards_in_random_order_have_at_most_twenty_items),
        cmocka_unit_test(texts_have_a_limit),
        cmocka_unit_test(sizes_and_depths_have_a_limit),
        cmocka_unit_test(empty_files_and_other_files_are_refused),
        cmocka_unit_test(damaged_studies_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
