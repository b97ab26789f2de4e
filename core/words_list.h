/* The table behind words_at; nothing else includes this. */
#ifndef SANAQ_CORE_WORDS_LIST_H
#define SANAQ_CORE_WORDS_LIST_H

#include "core/words.h"

extern const char words_list[WORDS_COUNT][WORDS_MAX_LEN + 1];

#endif
