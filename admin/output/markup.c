#include "admin/output/markup.h"

#include <stdio.h>
#include <string.h>

#include "admin/output/tables.h"

/* How a document writes; ${escape}: characters with what stands for them. */
struct markup {
    const char *const (*escape)[2];
    size_t escapes;
    const char *begin, *left, *right, *end_columns; /* of a table, before its heading */
    const char *row, *between, *end_row, *after_heading, *end;
    const char *heading_left, *heading_right; /* Markdown's line below the heading */
    const char *title, *end_title, *item;
};

static const char *const latex_escape[][2] = {
    {"\\", "\\textbackslash{}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "$<$"},
    {">", "$>$"},
};
static const char *const markdown_escape[][2] = {
    {"\\", "\\\\"}, {"|", "\\|"}, {"*", "\\*"},  {"_", "\\_"},  {"`", "\\`"},
    {"[", "\\["},   {"]", "\\]"}, {"<", "&lt;"}, {">", "&gt;"}, {"&", "&amp;"},
};

static const struct markup latex = {
    .escape = latex_escape,
    .escapes = sizeof latex_escape / sizeof *latex_escape,
    .begin = "\\begin{tabular}{",
    .left = "l",
    .right = "r",
    .end_columns = "}\n\\hline\n",
    .row = "",
    .between = " & ",
    .end_row = " \\\\\n",
    .after_heading = "\\hline\n",
    .end = "\\hline\n\\end{tabular}\n\n",
    .title = "\\medskip\\noindent\\textbf{",
    .end_title = "}\n\n",
    .item = "\\noindent ",
};
static const struct markup markdown = {
    .escape = markdown_escape,
    .escapes = sizeof markdown_escape / sizeof *markdown_escape,
    .begin = "",
    .left = "",
    .right = "",
    .end_columns = "",
    .row = "| ",
    .between = " | ",
    .end_row = " |\n",
    .after_heading = "",
    .end = "\n",
    .heading_left = ":---",
    .heading_right = "---:",
    .title = "**",
    .end_title = "**\n\n",
    .item = "- ",
};

static void add(struct buffer *out, const char *s)
{
    buffer_add(out, s, strlen(s));
}

static void text(struct buffer *out, const struct markup *m, const char *s)
{
    for (; *s != '\0'; s++) {
        const char *as = NULL;
        for (size_t i = 0; i < m->escapes; i++)
            if (*s == m->escape[i][0][0])
                as = m->escape[i][1];
        if (as != NULL)
            add(out, as);
        else
            buffer_u8(out, (unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : (uint8_t)*s);
    }
}

static void row(struct buffer *out, const struct markup *m, const char *const *cell, size_t n)
{
    add(out, m->row);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            add(out, m->between);
        text(out, m, cell[i]);
    }
    add(out, m->end_row);
}

static void paint(struct buffer *out, const struct markup *m, const struct table *t)
{
    add(out, m->title);
    text(out, m, t->title);
    add(out, m->end_title);
    add(out, m->begin);
    for (size_t i = 0; i < t->columns; i++)
        add(out, t->left[i] ? m->left : m->right);
    add(out, m->end_columns);
    row(out, m, t->heading, t->columns);
    if (m->heading_left != NULL) {
        const char *line[TABLE_COLUMNS];
        for (size_t i = 0; i < t->columns; i++)
            line[i] = t->left[i] ? m->heading_left : m->heading_right;
        row(out, m, line, t->columns);
    }
    add(out, m->after_heading);
    for (size_t i = 0; i < t->rows; i++)
        row(out, m, (const char *const *)t->cell + i * t->columns, t->columns);
    add(out, m->end);
}

static void list(struct buffer *out, const struct markup *m, const char *title, char *const *line,
                 size_t lines)
{
    if (lines == 0)
        return;
    add(out, m->title);
    text(out, m, title);
    add(out, m->end_title);
    for (size_t i = 0; i < lines; i++) {
        add(out, m->item);
        text(out, m, line[i]);
        add(out, "\n");
        if (m == &latex)
            add(out, "\n");
    }
    add(out, m == &latex ? "" : "\n");
}

static void plain_lines(struct buffer *out, const struct markup *m,
                        const struct estimate_result *plain)
{
    char line[256], a[TABLE_CELL], b[TABLE_CELL];
    for (size_t i = 0; plain != NULL && i < plain->groups && plain->group[i].by < 0; i++) {
        const struct estimate_group *g = &plain->group[i];
        if (g->withheld)
            continue;
        snprintf(line, sizeof line, "Unweighted, as simple random sample: %s%s%s%% (SE %s).",
                 plain->arms > 2 ? g->item_name : "", plain->arms > 2 ? " " : "",
                 tables_number(100 * g->estimate, 1, a), tables_number(100 * g->se, 1, b));
        text(out, m, line);
        add(out, "\n\n");
    }
}

static enum err paint_result(const struct markup *m, const struct estimate_result *r,
                             const struct estimate_result *plain, const char *method,
                             struct buffer *out)
{
    struct tables t = {0};
    enum err e = tables_of(r, method, true, &t);
    if (e == ERR_OK) {
        text(out, m, t.caption);
        add(out, "\n\n");
        for (size_t i = 0; i < t.count; i++)
            paint(out, m, &t.table[i]);
        plain_lines(out, m, plain);
        list(out, m, "Assumes", r->assumption, r->assumptions);
        list(out, m, "Warnings", r->warning, r->warnings);
    }
    tables_free(&t);
    return e == ERR_OK && out->failed ? ERR_NOMEM : e;
}

enum err markup_latex(const struct estimate_result *r, const struct estimate_result *plain,
                      const char *method, struct buffer *out)
{
    return paint_result(&latex, r, plain, method, out);
}

enum err markup_markdown(const struct estimate_result *r, const struct estimate_result *plain,
                         const char *method, struct buffer *out)
{
    return paint_result(&markdown, r, plain, method, out);
}
