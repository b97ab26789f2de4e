/* seeds DIR: the seeds that only our programs or a library make: a laptop's keys file and store,
 * and data files of Stata and SPSS. DIR holds a folder for each target. */
#include <fcntl.h>
#include <readstat.h>
#include <unistd.h>

#include "core/file.h"
#include "kiosk/home.h"
#include "kiosk/session.h"
#include "kiosk/setup.h"
#include "tests/fuzz/fuzz.h"

static char dir[512];

/* ${first}: the byte in front that chooses, or -1. */
static void put(const char *name, int first, struct bytes b)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    HOLDS(f != NULL);
    if (first >= 0)
        fputc(first, f);
    HOLDS(fwrite(b.p, 1, b.len, f) == b.len);
    HOLDS(fclose(f) == 0);
}

static void put_file(const char *name, int first, char *path)
{
    struct buffer b = {0};
    HOLDS(path != NULL && file_read(path, 8 << 20, false, &b) == ERR_OK);
    put(name, first, buffer_view(&b));
    buffer_free(&b);
    free(path);
}

/* ---- a laptop, from set-up to its first lock ---- */

static void make_laptop(void)
{
    struct pack *pack = NULL;
    struct secret *passphrase = NULL;
    struct secret_cost cost;
    struct session *ss = NULL;
    char *home = file_join(fuzz_dir(), "home");
    HOLDS(secret_cost_named("interactive", &cost));
    HOLDS(secret_copy("lantern oak quartz", 18, &passphrase) == ERR_OK);
    HOLDS(pack_parse(fuzz_file("target/packs/" PACK_1 ".pack"), "first", &pack) == ERR_OK);
    HOLDS(setup_run(home, pack, "ab12", passphrase, cost, NULL) == ERR_OK);
    put_file("keys/new", -1, home_keys(home));
    HOLDS(session_open(home, "ab12", passphrase, &ss) == ERR_OK);
    HOLDS(session_lock(ss) == ERR_OK);
    put_file("keys/used", -1, home_keys(home));
    put_file("store/used", -1, home_store(home));
    secret_free(passphrase);
    pack_free(pack);
    free(home);
}

/* ---- data files ---- */

static ssize_t append(const void *data, size_t n, void *ctx)
{
    buffer_add(ctx, data, n);
    return (ssize_t)n;
}

static void make_table(bool spss, const char *name, int first)
{
    static const char *const column[] = {"y", "treat", "region"};
    struct buffer b = {0};
    readstat_writer_t *w = readstat_writer_init();
    readstat_label_set_t *regions = readstat_add_label_set(w, READSTAT_TYPE_DOUBLE, "regions");
    readstat_variable_t *v[4];
    readstat_set_data_writer(w, append);
    if (!spss)
        readstat_writer_set_file_format_version(w, 118);
    readstat_label_double_value(regions, 1, "north");
    for (int i = 0; i < 3; i++)
        v[i] = readstat_add_variable(w, column[i], READSTAT_TYPE_DOUBLE, 0);
    v[3] = readstat_add_variable(w, "point", READSTAT_TYPE_STRING, 8);
    readstat_variable_set_label_set(v[2], regions);
    HOLDS((spss ? readstat_begin_writing_sav(w, &b, 4) : readstat_begin_writing_dta(w, &b, 4)) ==
          READSTAT_OK);
    for (int row = 0; row < 4; row++) {
        readstat_begin_row(w);
        for (int i = 0; i < 3; i++)
            readstat_insert_double_value(w, v[i], (row + i) % 2);
        readstat_insert_string_value(w, v[3], row % 2 ? "p1" : "p2");
        readstat_end_row(w);
    }
    HOLDS(readstat_end_writing(w) == READSTAT_OK);
    readstat_writer_free(w);
    put(name, first, buffer_view(&b));
    buffer_free(&b);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds DIR\n");
        return 2;
    }
    snprintf(dir, sizeof dir, "%s", argv[1]);
    fuzz_start();
    make_laptop();
    make_table(false, "table/dta", 1);
    make_table(true, "table/sav", 2);
    return 0;
}
