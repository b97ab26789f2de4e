#include "core/study_node.h"

#include <stdio.h>
#include <string.h>

#include "core/study_word.h"

enum { WORDS_LEN = 255, VALUE_SHOWN = 40 };

static void say_not(struct study_draft *d, const yaml_node_t *n, const char *wanted)
{
    study_draft_say(d, study_node_line(d, n), "`%s` must be %s, not `%.*s`", d->key, wanted,
                    VALUE_SHOWN, (const char *)n->data.scalar.value);
}

/* Hidden characters written as such were found when the file was opened; these come from escapes.
 */
static bool hides(struct study_draft *d, const yaml_node_t *n, bool breaks)
{
    const uint8_t *p = n->data.scalar.value;
    size_t left = n->data.scalar.length;
    uint32_t code = 0;
    for (size_t len; left > 0; p += len, left -= len) {
        len = study_word_char(p, left, &code);
        if (len == 0 || (study_word_hidden(code) && !(breaks && code == '\n')))
            break;
    }
    if (left == 0)
        return false;
    if (code == '\n')
        study_draft_say(d, study_node_line(d, n),
                        "`%s` must be one line; take the line breaks away", d->key);
    else
        study_draft_say(d, study_node_line(d, n),
                        "`%s` has a hidden character (U+%04X: control or direction of text); "
                        "delete it",
                        d->key, (unsigned)code);
    return true;
}

static const char *scalar(struct study_draft *d, const yaml_node_t *n, bool breaks)
{
    if (n->type != YAML_SCALAR_NODE)
        study_draft_say(d, study_node_line(d, n), "`%s` must be a single value, not a %s", d->key,
                        n->type == YAML_MAPPING_NODE ? "map" : "list");
    else if (n->data.scalar.length == 0)
        study_draft_say(d, study_node_line(d, n), "`%s` is empty; give it a value", d->key);
    else if (!hides(d, n, breaks))
        return (const char *)n->data.scalar.value;
    return NULL;
}

const char *study_node_scalar(struct study_draft *d, const yaml_node_t *n)
{
    return scalar(d, n, false);
}

static void read_word(struct study_draft *d, const yaml_node_t *n, char **into,
                      bool (*good)(const char *), const char *wanted)
{
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return;
    if (good(s))
        *into = study_memory_text(d->memory, s, strlen(s));
    else
        say_not(d, n, wanted);
}

void study_node_id(struct study_draft *d, const yaml_node_t *n, void *into)
{
    read_word(d, n, into, study_word_is_id, "an id (1 to 32 of a-z, 0-9 and -)");
}

void study_node_name(struct study_draft *d, const yaml_node_t *n, void *into)
{
    read_word(d, n, into, study_word_is_name, "a name (1 to 32 of a-z, A-Z, 0-9, - and _)");
}

static bool is_short(const char *s)
{
    return strlen(s) <= WORDS_LEN;
}

void study_node_words(struct study_draft *d, const yaml_node_t *n, void *into)
{
    read_word(d, n, into, is_short, "at most 255 bytes long");
}

void study_node_flag(struct study_draft *d, const yaml_node_t *n, void *into)
{
    static const char *const words[] = {"no", "yes", NULL};
    int i = study_node_word(d, n, words);
    if (i >= 0)
        *(bool *)into = i == 1;
}

static char *language_text(struct study_draft *d, const yaml_node_t *n, bool breaks)
{
    const char *s = scalar(d, n, breaks);
    if (s == NULL)
        return NULL;
    size_t len = n->data.scalar.length;
    while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == ' ')) /* block scalars end in a break */
        len--;
    if (len == 0)
        study_draft_say(d, study_node_line(d, n), "the text `%s` is empty; write it", d->key);
    else if (len > STUDY_MAX_TEXT)
        study_draft_say(d, study_node_line(d, n),
                        "the text `%s` has %zu bytes; at most %d are allowed: shorten it", d->key,
                        len, STUDY_MAX_TEXT);
    else
        return study_memory_text(d->memory, s, len);
    return NULL;
}

struct text_entry {
    char *language, *text;
};

static void read_line_of_text(struct study_draft *d, char *key, const yaml_node_t *n, void *into)
{
    *(struct text_entry *)into = (struct text_entry){key, language_text(d, n, false)};
}

static void read_paragraphs_of_text(struct study_draft *d, char *key, const yaml_node_t *n,
                                    void *into)
{
    *(struct text_entry *)into = (struct text_entry){key, language_text(d, n, true)};
}

static void read_text(struct study_draft *d, const yaml_node_t *n, struct study_text *into,
                      study_node_read_pair *read)
{
    const struct study *s = d->study;
    bool given[STUDY_MAX_LANGUAGES] = {false};
    char missing[100] = "";
    size_t count;
    if (n->type != YAML_MAPPING_NODE) {
        study_draft_say(d, study_node_line(d, n),
                        "`%s` must give a text in each language; write {%s: ...}", d->key,
                        s->languages > 0 && s->language[0] != NULL ? s->language[0] : "en");
        return;
    }
    struct text_entry *entry =
        study_node_pairs(d, n, 0, STUDY_DRAFT_KEYS, sizeof *entry, read, &count);
    if (s->languages == 0) /* said: nothing to compare with */
        return;
    for (size_t i = 0; i < count; i++) {
        int language = entry[i].language != NULL ? study_language_index(s, entry[i].language) : -1;
        if (language >= 0) {
            given[language] = true;
            into->in[language] = entry[i].text;
        } else if (entry[i].language != NULL) {
            const yaml_node_t *k =
                yaml_document_get_node(&d->document, n->data.mapping.pairs.start[i].key);
            study_draft_say(d, (unsigned)k->start_mark.line + 1,
                            "`%.20s` is not among the languages of the study; add it there or "
                            "delete this text",
                            entry[i].language);
        }
    }
    for (size_t i = 0, len = 0; i < s->languages; i++, len = strlen(missing))
        if (!given[i] && s->language[i] != NULL)
            snprintf(missing + len, sizeof missing - len, "%s%s", len > 0 ? ", " : "",
                     s->language[i]);
    if (missing[0] != '\0')
        study_draft_say(d, d->line, "`%s` has no text in: %s; add it", d->key, missing);
}

void study_node_text(struct study_draft *d, const yaml_node_t *n, void *into)
{
    read_text(d, n, into, read_line_of_text);
}

void study_node_paragraphs(struct study_draft *d, const yaml_node_t *n, void *into)
{
    read_text(d, n, into, read_paragraphs_of_text);
}

bool study_node_whole(struct study_draft *d, const yaml_node_t *n, int32_t min, int32_t max,
                      int32_t *out)
{
    char wanted[80];
    int32_t v;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return false;
    if (study_word_whole(s, &v) && v >= min && v <= max) {
        *out = v;
        return true;
    }
    snprintf(wanted, sizeof wanted, "a whole number from %d to %d", (int)min, (int)max);
    say_not(d, n, wanted);
    return false;
}

bool study_node_decimal(struct study_draft *d, const yaml_node_t *n, double min, double max,
                        double *out)
{
    char wanted[80];
    double v;
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return false;
    if (study_word_decimal(s, &v) && v >= min && v <= max) {
        *out = v;
        return true;
    }
    snprintf(wanted, sizeof wanted, "a number from %.0f to %.0f", min, max);
    say_not(d, n, wanted);
    return false;
}

int study_node_word(struct study_draft *d, const yaml_node_t *n, const char *const *words)
{
    char wanted[160] = "";
    const char *s = study_node_scalar(d, n);
    if (s == NULL)
        return -1;
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], s) == 0)
            return i;
    for (size_t i = 0, len = 0; words[i] != NULL; i++, len = strlen(wanted))
        snprintf(wanted + len, sizeof wanted - len, "%s%s",
                 i == 0         ? ""
                 : words[i + 1] ? ", "
                                : " or ",
                 words[i]);
    say_not(d, n, wanted);
    return -1;
}
