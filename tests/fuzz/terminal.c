/* Keys on the screens of a laptop that was set up: byte by byte, from locked to wherever they lead.
 * The session is real, in a home in memory; no terminal. */
#include <unistd.h>

#include "core/file.h"
#include "kiosk/home.h"
#include "kiosk/keys.h"
#include "kiosk/setup.h"
#include "kiosk/stage.h"
#include "kiosk/text.h"
#include "tests/fuzz/fuzz.h"

enum { CODE_LEN = 4, WORDS_LEN = 18 };
static const char code[] = "ab12", words[] = "lantern oak quartz";

static struct {
    char *home;
    struct bytes keys, store; /* as set-up left them */
    struct pack *pack;
} w;

static void drop(void)
{
    free((void *)(uintptr_t)w.keys.p);
    free((void *)(uintptr_t)w.store.p);
    pack_free(w.pack);
    free(w.home);
}

static struct bytes keep(char *path)
{
    struct buffer b = {0};
    HOLDS(path != NULL && file_read(path, 4 << 20, false, &b) == ERR_OK);
    free(path);
    return buffer_view(&b);
}

static void start(void)
{
    struct secret *passphrase = NULL;
    struct secret_cost cost;
    HOLDS(chdir(fuzz_dir()) == 0 && setenv("HOME", fuzz_dir(), 1) == 0);
    HOLDS(text_start() == ERR_OK);
    HOLDS(secret_cost_named("interactive", &cost));
    HOLDS(secret_copy(words, WORDS_LEN, &passphrase) == ERR_OK);
    HOLDS(pack_parse(fuzz_file("target/packs/" PACK_1 ".pack"), "first", &w.pack) == ERR_OK);
    HOLDS((w.home = file_join(fuzz_dir(), "home")) != NULL);
    HOLDS(setup_run(w.home, w.pack, code, passphrase, cost, NULL) == ERR_OK);
    secret_free(passphrase);
    w.keys = keep(home_keys(w.home));
    w.store = keep(home_store(w.home));
    atexit(drop);
}

static void put_back(const char *name, struct bytes b)
{
    char inside[64];
    snprintf(inside, sizeof inside, "home/%s", name);
    fuzz_put(inside, b);
    snprintf(inside, sizeof inside, "%s/home/%s-wal", fuzz_dir(), name);
    unlink(inside);
    snprintf(inside, sizeof inside, "%s/home/%s-shm", fuzz_dir(), name);
    unlink(inside);
}

/* Bytes below 0x80 are characters; above: the other keys, and things that happen. */
static int key_of(uint8_t byte)
{
    static const int other[] = {KEYS_ENTER, KEYS_ESCAPE,  KEYS_BACKSPACE, KEYS_UP,
                                KEYS_DOWN,  KEYS_PAGE_UP, KEYS_PAGE_DOWN, KEYS_HOME,
                                KEYS_END,   0x0444,       0x1F600,        KEYS_NONE};
    if (byte == '\n')
        return KEYS_ENTER;
    if (byte == '/')
        return '?'; /* so that no folder outside is ever typed */
    if (byte < 0x80)
        return byte;
    return byte < 0x90 ? KEYS_F(byte - 0x80) : other[byte % (sizeof other / sizeof *other)];
}

static void paint(struct stage *st, struct grid *g)
{
    while (!st->quit) {
        stage_draw(st, g);
        if (!stage_work(st))
            return;
    }
}

static void happen(struct stage *st, struct grid *g, uint8_t byte)
{
    static const int size[][2] = {{24, 80}, {1, 1}, {10, 30}, {60, 200}};
    if (byte == 0xff)
        stage_lock(st);
    else if (byte == 0xfe)
        stage_panic(st);
    else if (byte >= 0xf8 && byte < 0xfc)
        HOLDS(grid_resize(g, size[byte - 0xf8][0], size[byte - 0xf8][1]) == ERR_OK);
    else
        stage_key(st, key_of(byte));
}

static void type(struct stage *st, struct grid *g, const char *text)
{
    for (; *text != '\0' && !st->quit; text++) {
        stage_key(st, *text == '\n' ? KEYS_ENTER : *text);
        paint(st, g);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage st;
    struct grid g = {0};
    fuzz_start();
    if (w.home == NULL)
        start();
    put_back("keys", w.keys);
    put_back("store.db", w.store);
    const struct screens_options o = {.home = w.home, .language = "en", .cost = "interactive"};
    HOLDS(grid_resize(&g, 24, 80) == ERR_OK);
    stage_open(&st, &o);
    paint(&st, &g);
    if (size > 0 && data[0] % 2 == 0) {
        type(&st, &g, code);
        type(&st, &g, "\n");
        type(&st, &g, words);
        type(&st, &g, "\n");
    }
    for (size_t i = 1; i < size && !st.quit && !st.blank; i++) { /* blank: no key is taken */
        happen(&st, &g, data[i]);
        paint(&st, &g);
    }
    stage_close(&st);
    grid_free(&g);
    return 0;
}
