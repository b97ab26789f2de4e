#include "core/study_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/study_word.h"

enum { BAD_LINES = 20 }; /* after so many it is not a text file */

void study_draft_say(struct study_draft *d, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    study_reports_vadd(&d->reports, false, line, fmt, ap);
    va_end(ap);
}

unsigned study_draft_line(const struct study_draft *d, const char *fmt, ...)
{
    char path[sizeof d->path];
    va_list ap;
    int n = snprintf(path, sizeof path, "%s.", d->path);
    va_start(ap, fmt);
    if (n > 0 && (size_t)n < sizeof path)
        vsnprintf(path + n, sizeof path - (size_t)n, fmt, ap);
    va_end(ap);
    for (size_t i = d->study->lines; i > 0; i--) /* not sorted yet; asked only for a message */
        if (strcmp(d->study->line[i - 1].key, path) == 0)
            return d->study->line[i - 1].line;
    return d->line;
}

/* A line break is \n or \r\n; a lone \r would make our line numbers differ from an editor's. */
static bool forbidden(size_t len, uint32_t code, bool before_newline)
{
    return len == 0 || (study_word_hidden(code) && code != '\t' && code != '\n' &&
                        !(code == '\r' && before_newline));
}

static void say_forbidden(struct study_draft *d, unsigned line, size_t len, uint32_t code)
{
    if (len == 0)
        study_draft_say(d, line, "this is not valid UTF-8; save the file as UTF-8");
    else
        study_draft_say(d, line,
                        "there is a hidden character here (U+%04X: control or direction of text); "
                        "delete it",
                        (unsigned)code);
}

/* A copy in which what may not stand there is '?', so that the rest can be judged as well. One
 * report a line is enough to find it. */
static uint8_t *clean_copy(struct study_draft *d, struct bytes yaml)
{
    uint8_t *copy = malloc(yaml.len + 1);
    unsigned line = 1, told = 0, bad_lines = 0;
    if (copy == NULL) {
        d->reports.failed = true;
        return NULL;
    }
    for (size_t i = 0, step; i < yaml.len && bad_lines < BAD_LINES; i += step) {
        uint32_t code = 0;
        size_t len = study_word_char(yaml.p + i, yaml.len - i, &code);
        bool mark = i == 0 && code == 0xFEFF; /* some editors start a file with it */
        step = len == 0 ? 1 : len;
        memcpy(copy + i, yaml.p + i, step);
        if (!mark && forbidden(len, code, i + 1 < yaml.len && yaml.p[i + 1] == '\n')) {
            memset(copy + i, '?', step);
            if (told != line) {
                say_forbidden(d, line, len, code);
                bad_lines++;
            }
            told = line;
        }
        line += code == '\n' ? 1 : 0;
    }
    if (bad_lines < BAD_LINES)
        return copy;
    free(copy);
    return NULL;
}

static unsigned line_of_event(const yaml_event_t *e)
{
    return (unsigned)e->start_mark.line + 1;
}

static void judge_properties(struct study_draft *d, const yaml_event_t *e,
                             const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        study_draft_say(d, line_of_event(e),
                        "the anchor `&%s` may not stand in a study; write things out", anchor);
    if (tag != NULL)
        study_draft_say(d, line_of_event(e), "the tag `%s` may not stand in a study; delete it",
                        tag);
}

/* False where nothing after this event can be judged. */
static bool judge_event(struct study_draft *d, const yaml_event_t *e, unsigned *depth,
                        unsigned *documents)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents < 2)
            return true;
        study_draft_say(d, line_of_event(e),
                        "a second document starts here; a study is one document: delete `---`");
        return false;
    case YAML_ALIAS_EVENT:
        study_draft_say(d, line_of_event(e),
                        "the alias `*%s` may not stand in a study; write things out, and put texts "
                        "that begin with `*` in quotes",
                        e->data.alias.anchor);
        return true;
    case YAML_SCALAR_EVENT:
        judge_properties(d, e, e->data.scalar.anchor, e->data.scalar.tag);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        judge_properties(d, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        judge_properties(d, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        --*depth;
        return true;
    default:
        return true;
    }
    if (++*depth <= STUDY_DRAFT_DEPTH)
        return true;
    study_draft_say(d, line_of_event(e),
                    "things are nested too deeply here; a study needs no more "
                    "than %d levels",
                    STUDY_DRAFT_DEPTH);
    return false;
}

static void say_syntax(struct study_draft *d, const yaml_parser_t *p)
{
    if (p->error == YAML_MEMORY_ERROR) {
        d->reports.failed = true;
        return;
    }
    study_draft_say(d, (unsigned)p->problem_mark.line + 1,
                    "this is not YAML (%s%s%s); look at indents, quotes, brackets and colons here "
                    "and just above",
                    p->problem != NULL ? p->problem : "it cannot be read",
                    p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
}

/* The document tree no longer shows anchors and aliases, so the events are read first; and they
 * stop at deep nesting before memory is spent on it. */
static bool judge_events(struct study_draft *d, const uint8_t *text, size_t len)
{
    yaml_parser_t p;
    unsigned depth = 0, documents = 0;
    bool more = true, good = false;
    size_t aliases = 0;
    if (!yaml_parser_initialize(&p)) {
        d->reports.failed = true;
        return false;
    }
    yaml_parser_set_input_string(&p, text, len);
    while (more) {
        yaml_event_t e;
        if (!yaml_parser_parse(&p, &e)) {
            say_syntax(d, &p);
            goto out;
        }
        more = e.type != YAML_STREAM_END_EVENT;
        aliases += e.type == YAML_ALIAS_EVENT ? 1 : 0;
        bool go_on = judge_event(d, &e, &depth, &documents);
        yaml_event_delete(&e);
        if (!go_on)
            goto out;
    }
    good = aliases == 0; /* what an alias stands for would be judged twice, or without end */
out:
    yaml_parser_delete(&p);
    return good;
}

static bool load_document(struct study_draft *d, const uint8_t *text, size_t len)
{
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p)) {
        d->reports.failed = true;
        return false;
    }
    yaml_parser_set_input_string(&p, text, len);
    d->loaded = yaml_parser_load(&p, &d->document) != 0;
    if (!d->loaded)
        say_syntax(d, &p);
    yaml_parser_delete(&p);
    return d->loaded;
}

static bool make_lines(struct study_draft *d)
{
    for (const yaml_node_t *n = d->document.nodes.start; n < d->document.nodes.top; n++)
        if (n->type == YAML_MAPPING_NODE)
            d->line_room += (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
        else if (n->type == YAML_SEQUENCE_NODE)
            d->line_room += (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    d->study->line = study_memory_take(d->memory, d->line_room, sizeof *d->study->line);
    return d->study->line != NULL;
}

bool study_draft_open(struct study_draft *d, struct bytes yaml)
{
    bool good = false;
    if (yaml.len > STUDY_MAX_BYTES) {
        study_draft_say(d, 0, "the study is larger than the %d bytes allowed; shorten its texts",
                        STUDY_MAX_BYTES);
        return false;
    }
    uint8_t *text = clean_copy(d, yaml);
    if (text == NULL)
        return false;
    if (!judge_events(d, text, yaml.len) || !load_document(d, text, yaml.len))
        goto out;
    if (yaml_document_get_root_node(&d->document) == NULL) {
        study_draft_say(d, 0, "the study is empty; assets/studies/csto/study.yaml is an example");
        goto out;
    }
    good = make_lines(d);
out:
    free(text);
    return good;
}

void study_draft_close(struct study_draft *d)
{
    if (d->loaded)
        yaml_document_delete(&d->document);
    d->loaded = false;
}

static struct study_draft_place enter(struct study_draft *d, size_t was, const char *key,
                                      unsigned line)
{
    struct study_draft_place place = {was, d->key, d->line};
    if (key != NULL)
        d->key = key;
    d->line = line;
    if (d->study->lines < d->line_room) {
        char *path = study_memory_text(d->memory, d->path, strlen(d->path));
        if (path != NULL)
            d->study->line[d->study->lines++] = (struct study_line){path, line};
    }
    return place;
}

struct study_draft_place study_draft_enter(struct study_draft *d, const char *key, unsigned line)
{
    size_t len = strlen(d->path);
    snprintf(d->path + len, sizeof d->path - len, "%s%s", len > 0 ? "." : "", key);
    return enter(d, len, key, line);
}

struct study_draft_place study_draft_enter_at(struct study_draft *d, size_t index, unsigned line)
{
    size_t len = strlen(d->path);
    snprintf(d->path + len, sizeof d->path - len, "%s%zu", len > 0 ? "." : "", index);
    return enter(d, len, NULL, line);
}

void study_draft_leave(struct study_draft *d, struct study_draft_place was)
{
    d->path[was.len] = '\0';
    d->key = was.key;
    d->line = was.line;
}
