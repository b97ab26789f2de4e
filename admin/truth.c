#define _GNU_SOURCE /* mkostemp */
#include "admin/truth.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

enum { BUFFERED = 1 << 18 };

struct truth {
    const struct pack *pack;
    const struct respondent_model *model;
    char *dir, *path, *temporary;
    FILE *file;
    bool there; /* the temporary file exists */
};

static enum err fail(const struct truth *t)
{
    int errnum = errno;
    return log_fail(file_err(errnum), "%s: could not be written: %s", t->path, strerror(errnum));
}

static enum err begin(struct truth *t)
{
    int fd = mkostemp(t->temporary, O_CLOEXEC);
    if (fd < 0)
        return fail(t);
    t->there = true;
    t->file = fdopen(fd, "w");
    if (t->file == NULL) {
        enum err e = fail(t);
        close(fd);
        return e;
    }
    setvbuf(t->file, NULL, _IOFBF, BUFFERED);
    return fputs("device,interview,stratum,item,value\n", t->file) < 0 ? fail(t) : ERR_OK;
}

enum err truth_open(const char *dir, const struct pack *pack, const struct respondent_model *m,
                    struct truth **out)
{
    struct truth *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    t->pack = pack;
    t->model = m;
    t->dir = strdup(dir);
    t->path = file_join(dir, "truth.csv");
    t->temporary = file_join(dir, ".truth.csv.XXXXXX");
    enum err e = t->dir == NULL || t->path == NULL || t->temporary == NULL ? ERR_NOMEM : begin(t);
    if (e != ERR_OK) {
        truth_free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

/* A stratum is called what a point list says, commas and quotes included. */
static bool put_stratum(FILE *f, struct bytes name)
{
    bool plain = true;
    for (size_t i = 0; i < name.len; i++)
        plain = plain && memchr(",\"\r\n", name.p[i], 4) == NULL;
    return plain ? fwrite(name.p, 1, name.len, f) == name.len
                 : csv_fwrite(f, name.p, name.len) == 0;
}

enum err truth_add(struct truth *t, const char *device, uint32_t contact, uint16_t stratum,
                   const struct respondent *r)
{
    const struct study *s = respondent_study(t->model);
    size_t items = 0;
    const struct respondent_item *it = respondent_items(t->model, &items);
    bool ok = true;
    for (size_t i = 0; ok && i < items; i++) {
        if ((r->asked >> it[i].list & 1) == 0)
            continue;
        bool several = s->lists > 1;
        ok = fprintf(t->file, "%s,%" PRIu32 ",", device, contact) > 0 &&
             put_stratum(t->file, t->pack->stratum[stratum - 1u]) &&
             fprintf(t->file, ",%s%s%s,%d\n", several ? s->list[it[i].list].id : "",
                     several ? ":" : "", it[i].id, r->holds[i]) > 0;
    }
    return ok ? ERR_OK : fail(t);
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0 || errno == EINVAL; /* some file systems cannot sync a folder */
    close(fd);
    return ok;
}

enum err truth_finish(struct truth *t)
{
    if (fflush(t->file) != 0 || fsync(fileno(t->file)) != 0)
        return fail(t);
    FILE *f = t->file;
    t->file = NULL;
    if (fclose(f) != 0 || rename(t->temporary, t->path) != 0)
        return fail(t);
    t->there = false;
    return sync_dir(t->dir) ? ERR_OK : fail(t);
}

void truth_free(struct truth *t)
{
    if (t == NULL)
        return;
    if (t->file != NULL)
        fclose(t->file);
    if (t->there)
        unlink(t->temporary);
    free(t->dir);
    free(t->path);
    free(t->temporary);
    free(t);
}
