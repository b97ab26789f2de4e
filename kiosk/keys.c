#include "kiosk/keys.h"

#include <stddef.h>

/* What stands on the places of a Latin keyboard: letters of the Russian and Kazakh layouts, and the
 * row of digits, where the Kazakh layout has letters and stops. */
static const struct {
    int key;
    char latin;
} twin[] = {
    {0x439, 'q'}, {0x446, 'w'}, {0x443, 'e'}, {0x43a, 'r'}, {0x435, 't'}, {0x43d, 'y'},
    {0x433, 'u'}, {0x448, 'i'}, {0x449, 'o'}, {0x437, 'p'}, {0x444, 'a'}, {0x44b, 's'},
    {0x432, 'd'}, {0x430, 'f'}, {0x43f, 'g'}, {0x440, 'h'}, {0x43e, 'j'}, {0x43b, 'k'},
    {0x434, 'l'}, {0x44f, 'z'}, {0x447, 'x'}, {0x441, 'c'}, {0x43c, 'v'}, {0x438, 'b'},
    {0x442, 'n'}, {0x44c, 'm'}, {'"', '1'},   {0x4d9, '2'}, {0x456, '3'}, {0x4a3, '4'},
    {0x493, '5'}, {',', '6'},   {'.', '7'},   {0x4af, '8'}, {0x4b1, '9'}, {0x49b, '0'},
};

int keys_latin(int key)
{
    enum { CAPITAL_FIRST = 0x410, SMALL_FIRST = 0x430 };
    if (key >= 'A' && key <= 'Z')
        return key - 'A' + 'a';
    if (key >= CAPITAL_FIRST && key < SMALL_FIRST)
        key += SMALL_FIRST - CAPITAL_FIRST;
    for (size_t i = 0; i < sizeof twin / sizeof *twin; i++)
        if (twin[i].key == key)
            return twin[i].latin;
    return key;
}

bool keys_is_text(int key)
{
    return key >= ' ' && key < KEYS_ENTER && key != 0x7f && !(key >= 0x80 && key < 0xa0);
}
