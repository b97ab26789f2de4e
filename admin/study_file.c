#include "admin/study_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

struct telling {
    study_file_say *say;
    void *ctx;
    const char *file;
};

static void tell(void *ctx, bool warning, unsigned line, const char *what)
{
    const struct telling *t = ctx;
    t->say(t->ctx, t->file, warning, line, what);
}

void study_file_print(void *ctx, const char *file, bool warning, unsigned line, const char *what)
{
    (void)ctx;
    if (line > 0)
        fprintf(stderr, "%s:%u: %s%s\n", file, line, warning ? "warning: " : "", what);
    else
        fprintf(stderr, "%s: %s%s\n", file, warning ? "warning: " : "", what);
}

char *study_file_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (name[0] == '/' || slash == NULL)
        return strdup(name);
    size_t dir = (size_t)(slash - path) + 1, len = dir + strlen(name) + 1;
    char *out = malloc(len);
    if (out != NULL)
        snprintf(out, len, "%.*s%s", (int)dir, path, name);
    return out;
}

enum err study_file_read(const char *path, study_file_say *say, void *ctx, struct study **s,
                         struct points **p, struct buffer *yaml, struct buffer *csv)
{
    struct study *study = NULL;
    struct points *points = NULL;
    char *list = NULL;
    struct telling of_study = {say, ctx, path}, of_points = {say, ctx, NULL};
    enum err e;
    if ((e = file_read(path, STUDY_MAX_BYTES, false, yaml)) != ERR_OK ||
        (e = study_parse(buffer_view(yaml), tell, &of_study, &study)) != ERR_OK)
        goto out;
    e = ERR_NOMEM;
    if ((of_points.file = list = study_file_beside(path, study->points)) == NULL)
        goto out;
    if ((e = file_read(list, POINTS_MAX_BYTES, false, csv)) != ERR_OK ||
        (e = points_parse(buffer_view(csv), study, tell, &of_points, &points)) != ERR_OK ||
        (e = study_check_points(study, points, tell, &of_study)) != ERR_OK)
        goto out;
    *s = study;
    *p = points;
    study = NULL;
    points = NULL;
out:
    free(list);
    points_free(points);
    study_free(study);
    if (e != ERR_OK) {
        buffer_free(yaml);
        buffer_free(csv);
    }
    return e;
}

static void print_and_count(void *ctx, const char *file, bool warning, unsigned line,
                            const char *what)
{
    unsigned *warnings = ctx;
    *warnings += warning ? 1 : 0;
    study_file_print(NULL, file, warning, line, what);
}

enum err study_file_load(const char *path, struct study **s, struct points **p, struct buffer *yaml,
                         struct buffer *csv, unsigned *warnings)
{
    *warnings = 0;
    return study_file_read(path, print_and_count, warnings, s, p, yaml, csv);
}
