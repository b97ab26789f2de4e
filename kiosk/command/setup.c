/* First use on a laptop, or anew where nobody can unlock it any more. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/device.h"
#include "core/log.h"
#include "kiosk/command/command.h"
#include "kiosk/replaced.h"
#include "kiosk/setup.h"

/* The person compares eight words with the researchers' sheet, or a script hands them over. */
static enum err compare_words(const struct options *o, const struct pack *pack)
{
    char words[WORDS_TEXT], answer[16];
    words_of(pack->hash, words);
    if (o->expect != NULL)
        return words_match(pack->hash, o->expect)
                   ? ERR_OK
                   : log_fail(ERR_SIGNATURE,
                              "%s: the pack's words are \"%s\", not those expected; do not "
                              "use it",
                              o->pack, words);
    printf("The words of this pack:\n\n    %s\n\nAre these the words on the researchers' sheet? "
           "Type yes: ",
           words);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) == NULL || strcmp(answer, "yes\n") != 0)
        return log_fail(ERR_SIGNATURE, "the words were not confirmed; nothing was set up");
    return ERR_OK;
}

/* Which device --replaces names: 64 hexadecimal digits, or the words of the one in this home. */
static enum err find_replaced(const struct options *o, uint8_t device[32])
{
    uint8_t hash[HASH_LEN];
    size_t got = 0;
    const char *end = NULL;
    if (sodium_hex2bin(device, 32, o->replaces, strlen(o->replaces), NULL, &got, &end) == 0 &&
        got == 32 && *end == '\0')
        return ERR_OK;
    enum err e = replaced_device(o->home, device);
    if (e == ERR_OK) {
        device_fingerprint(device, hash);
        if (words_match(hash, o->replaces))
            return ERR_OK;
    }
    return e != ERR_OK && e != ERR_STATE
               ? e
               : log_fail(ERR_USAGE,
                          "--replaces: these are not the eight words of the device in "
                          "this home, nor 64 hexadecimal digits; see sanaq-kiosk status");
}

enum err command_setup(const struct options *o)
{
    char code[ENTRY_CODE_LEN + 1] = "";
    struct secret *passphrase = NULL;
    struct pack *pack = NULL;
    struct secret_cost cost;
    struct setup_status st;
    uint8_t replaced[32];
    if (o->pack == NULL)
        return log_fail(ERR_USAGE, "setup needs the study's pack: sanaq-kiosk setup --pack FILE");
    if (!secret_cost_named(o->cost, &cost))
        return log_fail(ERR_USAGE, "--cost is interactive, moderate or sensitive, not %s", o->cost);
    enum err e =
        o->replaces == NULL && setup_done(o->home)
            ? log_fail(ERR_STATE, "%s: this laptop is set up already; start sanaq-kiosk", o->home)
            : setup_read_pack(o->pack, &pack);
    if (e == ERR_OK && o->replaces != NULL)
        e = find_replaced(o, replaced);
    if (e == ERR_OK)
        e = compare_words(o, pack);
    if (e == ERR_OK)
        e = command_choose(o->passphrase_file, code, &passphrase);
    if (e == ERR_OK)
        e = setup_run(o->home, pack, code, passphrase, cost, o->replaces != NULL ? replaced : NULL);
    if (e == ERR_OK)
        e = setup_status(o->home, &st);
    if (e == ERR_OK) {
        printf(
            "This laptop is set up. Its words, to read out to the researchers:\n\n    %s\n\n"
            "Now sync once, so that they can approve it: sanaq-kiosk sync dir:/path/of/the/stick\n",
            st.words);
        if (replaced_last(o->home, replaced))
            puts("What the device before has sealed is kept, and goes out with sync and collect.");
        if (!st.machine_known)
            log_note("this machine has no /etc/machine-id: copies of this home cannot be noticed");
        setup_status_free(&st);
    }
    secret_free(passphrase);
    pack_free(pack);
    return e;
}
