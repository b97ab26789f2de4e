/* The grammar of single words and numbers in study files and point lists, and the characters that
 * may not stand in them. */
#ifndef SANAQ_CORE_STUDY_WORD_H
#define SANAQ_CORE_STUDY_WORD_H

#include "core/study.h"

/** 1..STUDY_MAX_ID characters of a-z, 0-9 and '-'. */
bool study_word_is_id(const char *s);
/** Name of a point column or value of a derived column: an id that may also have A-Z and '_'. */
bool study_word_is_name(const char *s);
/** A language tag such as kk, ru or kk-Latn. */
bool study_word_is_language(const char *s);
/** A date of the calendar, written 2027-12-31. */
bool study_word_is_date(const char *s);
/** An IANA time zone name such as Asia/Almaty; whether it exists is not asked. */
bool study_word_is_timezone(const char *s);

/** A place to sync with: dir:FOLDER or rclone:REMOTE:PATH, the remote named by letters, digits, -
 * and _ only: anything else could carry options that run programs. */
bool study_word_is_target(const char *s);

/** A whole number in decimal, optionally with '-'; *out untouched if it is not one. */
bool study_word_whole(const char *s, int32_t *out);
/** A number of 0 or more with up to 15 digits and a point, whatever the locale; *out untouched if
 * it is not one. */
bool study_word_decimal(const char *s, double *out);

/** Bytes of the UTF-8 character at the front of ${p}, its code in *code; 0 if it is not valid. */
size_t study_word_char(const uint8_t *p, size_t left, uint32_t *code);
/** True for control characters (line breaks and tabs too) and for those that change the direction
 * of text: what the reader sees would not be what the file says. */
bool study_word_hidden(uint32_t code);

#endif
