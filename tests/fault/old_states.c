/* old_states live MOUNT RECORD ROUNDS | change HOME RECORD | wipe HOME | scan IMAGE RECORD WORDS
 * EPOCH
 *
 * What a raw image of the laptop's disk gives away together with a passphrase. `live` conducts
 * interviews in processes that are killed at random, and writes every local box down (by
 * --wrap=localbox_seal) with its key and what is in it; `scan` looks for each at every offset of
 * the image and follows what opens what, from the passphrase on. Prints, as one line, how many
 * epochs can be opened and the epoch that the store names. */
#include "tests/kiosk/laptop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kiosk/keyfile.h"
#include "kiosk/localbox.h"
#include "kiosk/session_inside.h"

enum { SMALL = 32 + LOCALBOX_MORE, MAX_BOXES = 1 << 17, WORDS = 3 };

struct box {
    char use[8];
    uint64_t number;
    uint32_t len; /* of the plain text */
    uint8_t key[32], plain[32], mac[32];
    uint8_t sealed[SMALL]; /* its beginning */
    uint8_t reached, intact;
};

struct book {
    uint64_t count;
    struct box box[MAX_BOXES];
};
static struct book *book;

static void open_book(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *book) != 0)
        exit(3);
    book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (book == MAP_FAILED)
        exit(3);
}

void __real_localbox_seal(const struct secret *key, const char *use, const uint8_t device[32],
                          uint64_t number, struct bytes plain, uint8_t *out);
void __wrap_localbox_seal(const struct secret *key, const char *use, const uint8_t device[32],
                          uint64_t number, struct bytes plain, uint8_t *out);
void __wrap_localbox_seal(const struct secret *key, const char *use, const uint8_t device[32],
                          uint64_t number, struct bytes plain, uint8_t *out)
{
    enum { MAC_AT = 1 + 1 + 8 + HASH_LEN };
    __real_localbox_seal(key, use, device, number, plain, out);
    if (book == NULL || book->count >= MAX_BOXES)
        return;
    struct box *b = &book->box[book->count];
    snprintf(b->use, sizeof b->use, "%s", use);
    b->number = number;
    b->len = (uint32_t)plain.len;
    memcpy(b->key, secret_view(key), 32);
    memcpy(b->plain, plain.p, 32);
    if (strcmp(use, "state") == 0) /* the MAC key of the next entry, in the state of a device */
        memcpy(b->mac, plain.p + MAC_AT, 32);
    memcpy(b->sealed, out, SMALL);
    book->count++;
}

/* ---- living ---- */

static struct session *unlock(const char *home, const char *words)
{
    struct session *ss = NULL;
    struct secret *passphrase = secret_of(words);
    if (session_open(home, laptop_code, passphrase, &ss) != ERR_OK)
        exit(3);
    secret_free(passphrase);
    return ss;
}

static void go_on(const char *home)
{
    struct session *ss = unlock(home, laptop_passphrase);
    for (;;) {
        if (session_interview(ss) == NULL) {
            if (conduct(ss, 0, 1, 1) != ERR_OK)
                exit(3);
        } else if (finish(ss, 1, 1) != ERR_OK) {
            exit(3);
        }
    }
}

static uint32_t contacts(const char *home)
{
    struct session_tally t;
    struct session *ss = unlock(home, laptop_passphrase);
    session_tally(ss, &t);
    session_drop(ss);
    return t.contacts_all;
}

static void live(const char *home, uint32_t wanted)
{
    unsigned deaths = 0;
    while (contacts(home) < wanted) {
        pid_t child = fork();
        if (child == 0)
            go_on(home);
        usleep(2000 + randombytes_uniform(60000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        deaths++;
    }
    struct session *ss = unlock(home, laptop_passphrase);
    while (session_interview(ss) != NULL && finish(ss, 1, 1) == ERR_OK)
        ;
    if (session_lock(ss) != ERR_OK)
        exit(3);
    printf("%u deaths\n", deaths);
}

static void change(const char *home)
{
    struct session *ss = unlock(home, laptop_passphrase);
    struct secret *words = secret_of("velvet harbour nine");
    if (session_passphrase(ss, words) != ERR_OK || session_lock(ss) != ERR_OK)
        exit(3);
    secret_free(words);
}

static void tell_epoch(const char *home)
{
    struct store *st = NULL;
    struct buffer b = {0};
    uint64_t epoch = 0;
    char *path = home_store(home);
    if (store_open(path, true, &st) != ERR_OK || store_state(st, &epoch, &b) != ERR_OK)
        exit(3);
    printf("epoch %llu\n", (unsigned long long)epoch);
    store_close(st);
    buffer_free(&b);
    free(path);
}

/* ---- looking ---- */

static uint32_t *chain_of, first_of[1 << 16];

static uint32_t hash_of(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8);
}

enum kind { SEALED, KEY, PLAIN, MAC, KINDS };

static const uint8_t *wanted(uint32_t i)
{
    const struct box *b = &book->box[i / KINDS];
    const uint8_t *const what[KINDS] = {b->sealed, b->key, b->plain, b->mac};
    return what[i % KINDS];
}

static void index_book(void)
{
    chain_of = calloc(book->count * KINDS + 1, sizeof *chain_of);
    for (uint32_t i = 0; i < book->count * KINDS; i++) {
        const struct box *b = &book->box[i / KINDS];
        bool has = i % KINDS == PLAIN ? b->len == 32
                   : i % KINDS == MAC ? strcmp(b->use, "state") == 0
                                      : true;
        if (!has)
            continue;
        uint32_t *at = &first_of[hash_of(wanted(i))];
        chain_of[i] = *at;
        *at = i + 1;
    }
}

/* Keys in clear; boxes that are whole are marked, with the one in front of them. */
static uint64_t look(struct bytes image, uint32_t *before)
{
    uint64_t clear = 0;
    uint32_t *at_offset = calloc(image.len, sizeof *at_offset);
    for (size_t o = 0; o + SMALL <= image.len; o++)
        for (uint32_t i = first_of[hash_of(image.p + o)]; i != 0; i = chain_of[i - 1]) {
            size_t len = (i - 1) % KINDS == SEALED ? SMALL : 32;
            if (memcmp(image.p + o, wanted(i - 1), len) != 0)
                continue;
            if ((i - 1) % KINDS != SEALED) {
                clear++;
                continue;
            }
            struct box *b = &book->box[(i - 1) / KINDS];
            b->intact = 1;
            at_offset[o] = (i - 1) / KINDS + 1;
            if (o >= SMALL)
                before[(i - 1) / KINDS] = at_offset[o - SMALL];
        }
    free(at_offset);
    return clear;
}

static bool known(const uint8_t (*key)[32], size_t keys, const uint8_t *wanted_key)
{
    for (size_t i = 0; i < keys; i++)
        if (memcmp(key[i], wanted_key, 32) == 0)
            return true;
    return false;
}

/* What opens, from the keys that the passphrases make: slots, what is shared with them, the rest.
 */
static size_t follow(const uint32_t *before, uint8_t (*key)[32], size_t keys)
{
    for (bool more = true; more;) {
        more = false;
        for (uint64_t i = 0; i < book->count; i++) {
            struct box *b = &book->box[i];
            bool share = strcmp(b->use, "share") == 0;
            bool opens = share ? before[i] != 0 && book->box[before[i] - 1].reached
                               : known((const uint8_t(*)[32])key, keys, b->key);
            if (!b->intact || b->reached || !opens)
                continue;
            b->reached = 1;
            more = true;
            if (b->len == 32 && keys < 4096)
                memcpy(key[keys++], b->plain, 32);
        }
    }
    return keys;
}

static int scan(const char *path, const char *words, uint64_t epoch)
{
    struct buffer image = {0};
    static uint8_t key[4096][32];
    size_t keys = 0;
    uint64_t epochs = 0, old = 0, states = 0;
    uint32_t *before = calloc(book->count + 1, sizeof *before);
    if (file_read(path, (size_t)1 << 30, false, &image) != ERR_OK || before == NULL)
        return 3;
    for (uint64_t i = 0; i < book->count; i++)
        book->box[i].intact = book->box[i].reached = 0;
    index_book();
    uint64_t clear = look(buffer_view(&image), before);
    for (uint64_t i = 0; i < book->count; i++) /* slots are made by the passphrases, in turn */
        if (strcmp(book->box[i].use, "slot") == 0 && strchr(words, (int)('0' + keys)) != NULL)
            memcpy(key[keys++], book->box[i].key, 32);
        else if (strcmp(book->box[i].use, "slot") == 0)
            randombytes_buf(key[keys++], 32);
    follow(before, key, keys);
    for (uint64_t i = 0; i < book->count; i++) {
        const struct box *b = &book->box[i];
        bool is_epoch = strcmp(b->use, "epoch") == 0;
        epochs += is_epoch && b->reached;
        old += (is_epoch || strcmp(b->use, "state") == 0) && b->reached && b->number < epoch;
        states += strcmp(b->use, "state") == 0 && b->intact;
    }
    printf(
        "%zu bytes, %llu boxes written, %llu states on the image; in clear %llu, epochs that open "
        "%llu, of old epochs %llu\n",
        image.len, (unsigned long long)book->count, (unsigned long long)states,
        (unsigned long long)clear, (unsigned long long)epochs, (unsigned long long)old);
    buffer_free(&image);
    free(before);
    return clear == 0 && old == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct world *w = NULL;
    if (argc < 3 || start_several((void **)&w) != 0)
        return 2;
    int status = 0;
    if (strcmp(argv[1], "live") == 0) {
        struct secret *words = secret_of(laptop_passphrase);
        open_book(argv[3]);
        if (setup_run(argv[2], w->pack, laptop_code, words, cheap(), NULL) != ERR_OK)
            status = 3;
        secret_free(words);
        if (status == 0)
            live(argv[2], (uint32_t)strtoul(argv[4], NULL, 10));
        tell_epoch(argv[2]);
    } else if (strcmp(argv[1], "change") == 0) {
        open_book(argv[3]);
        change(argv[2]);
        tell_epoch(argv[2]);
    } else if (strcmp(argv[1], "wipe") == 0) {
        char *keys = home_keys(argv[2]);
        status = keyfile_wipe(keys) == ERR_OK ? 0 : 3;
        free(keys);
    } else {
        open_book(argv[3]);
        status = scan(argv[2], argv[4], strtoull(argv[5], NULL, 10));
    }
    end((void **)&w);
    return status;
}
