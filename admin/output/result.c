#include "admin/output/result.h"

#include <string.h>

#include "admin/output/json.h"
#include "admin/output/markup.h"
#include "admin/output/result_csv.h"
#include "admin/output/text_table.h"

static const struct result_format formats[] = {
    {"text", text_table},    {"json", json_result},         {"csv", result_csv},
    {"latex", markup_latex}, {"markdown", markup_markdown},
};

const struct result_format *result_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const char *result_format_names(void)
{
    return "text, json, csv, latex, markdown";
}
