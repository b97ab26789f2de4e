#include "admin/command/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

const char data_usage[] =
    "DATA is an archive, or a file of one row a respondent: CSV (*.csv), Stata (*.dta), SPSS\n"
    "(*.sav).\n"
    "\n"
    "an archive:\n"
    "  --key FILE          study key\n"
    "  --passphrase-file FILE\n"
    "  --unblind REASON    before the study is closed; the reason is logged\n"
    "\n"
    "a file:\n"
    "  --y COL --treat COL --items J   counts, arm (0 control, 1..), number of control items\n"
    "  --y2 COL --treat2 COL           a second list of the same respondents\n"
    "  --weights COL --cluster COL --strata COL\n"
    "  --weights-file FILE             YAML as a study's `weights:` (base, selection, rake, trim)\n"
    "  --hide agree|disagree|both      the answer people may want to hide\n"
    "  missing is empty, NA or a dot; in Stata and SPSS files what they declare missing\n";

static enum err take_items(const char *s, int *out)
{
    char *end;
    errno = 0;
    long v = strtol(s, &end, 10);
    if (errno != 0 || end == s || *end != '\0' || v < 1 || v > STUDY_MAX_ITEMS)
        return log_fail(ERR_USAGE, "--items %s: the number of control items is 1 to %d", s,
                        STUDY_MAX_ITEMS);
    *out = (int)v;
    return ERR_OK;
}

static enum err take_hide(const char *s, struct flat_options *flat)
{
    static const char *const name[] = {
        [HIDE_AGREE] = "agree", [HIDE_DISAGREE] = "disagree", [HIDE_BOTH] = "both"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        if (strcmp(s, name[i]) == 0) {
            flat->has_hide = true;
            flat->hide = (enum study_hide)i;
            return ERR_OK;
        }
    }
    return log_fail(ERR_USAGE, "--hide %s: write agree, disagree or both", s);
}

enum err data_take(int option, const char *value, struct source_options *s)
{
    const struct {
        int option;
        const char **to;
    } text[] = {
        {DATA_KEY, &s->key},
        {DATA_PASSPHRASE, &s->passphrase_file},
        {DATA_UNBLIND, &s->unblind},
        {DATA_Y, &s->flat.y},
        {DATA_TREAT, &s->flat.treat},
        {DATA_Y2, &s->flat.y2},
        {DATA_TREAT2, &s->flat.treat2},
        {DATA_WEIGHTS, &s->flat.weights},
        {DATA_WEIGHTS_FILE, &s->flat.weights_file},
        {DATA_CLUSTER, &s->flat.cluster},
        {DATA_STRATA, &s->flat.strata},
    };
    if (option == DATA_ITEMS)
        return take_items(value, &s->flat.items);
    if (option == DATA_HIDE)
        return take_hide(value, &s->flat);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (text[i].option == option)
            *text[i].to = value;
    return ERR_OK;
}

static enum err check_kind(const struct source_options *s)
{
    const struct flat_options *flat = &s->flat;
    bool any = flat->y || flat->treat || flat->y2 || flat->treat2 || flat->items || flat->weights ||
               flat->weights_file || flat->cluster || flat->strata || flat->has_hide;
    bool is_flat = flat_is_file(s->data);
    if (is_flat && (flat->y == NULL || flat->treat == NULL || flat->items == 0))
        return log_fail(
            ERR_USAGE,
            "%s: say which columns hold the counts and the arm, and the number of control "
            "items: --y COL --treat COL --items J",
            s->data);
    if (is_flat && (flat->y2 != NULL) != (flat->treat2 != NULL))
        return log_fail(ERR_USAGE,
                        "%s: a second list has counts and an arm: give both --y2 COL and --treat2 "
                        "COL",
                        s->data);
    if (flat->weights != NULL && flat->weights_file != NULL)
        return log_fail(ERR_USAGE,
                        "%s: --weights and --weights-file: give one of them; the file "
                        "can name the column as its `base`",
                        s->data);
    if (is_flat && (s->key || s->unblind || s->passphrase_file))
        return log_fail(
            ERR_USAGE,
            "%s: --key, --passphrase-file and --unblind are for archives; leave them out", s->data);
    if (!is_flat && any)
        return log_fail(ERR_USAGE,
                        "%s: --y, --treat, --items, --weights, --weights-file, --cluster, --strata "
                        "and --hide are for "
                        "files (*.csv, *.dta, *.sav); an archive knows them itself",
                        s->data);
    return ERR_OK;
}

enum err data_argument(int argc, char **argv, int first, struct source_options *s)
{
    if (first == argc)
        return log_fail(ERR_USAGE, "%s: say which data, an archive or a file", s->command);
    if (first + 1 < argc)
        return log_fail(ERR_USAGE, "%s: %s is one too many; give one archive or file at a time",
                        s->command, argv[first + 1]);
    s->data = argv[first];
    return check_kind(s);
}
