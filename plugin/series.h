/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the series of Wireshark that the plugin is built for. */
#ifndef ESPCAP_PLUGIN_SERIES_H
#define ESPCAP_PLUGIN_SERIES_H

/* Whether this is built for Wireshark major.minor or a later one. 3.4 has no header that tells. */
#define SINCE(major, minor) (SERIES_MAJOR > (major) || \
    (SERIES_MAJOR == (major) && SERIES_MINOR >= (minor)))

/* The last parameter of what is called for each packet. */
#if SINCE(4, 0)
#define TAP_FLAGS , tap_flags_t flags G_GNUC_UNUSED
#else
#define TAP_FLAGS
#endif

/* Whether a tree keeps its lists of fields in a GHashTable, and in no other way what is marked. */
#define ONE_LIST (SINCE(4, 0) && !SINCE(4, 2))

/* The value of a field: a part of it, or somewhere else. */
#if SINCE(4, 4)
#define VALUE(info) ((info)->value)
#else
#define VALUE(info) (&(info)->value)
#endif

/* The time, the string and the bytes of a value. */
#if SINCE(4, 0)
#define VALUE_TIME(of) fvalue_get_time(of)
#define VALUE_STRING(of) (fvalue_get_strbuf(of)->str)
#define VALUE_STRING_LEN(of) (fvalue_get_strbuf(of)->len)
#else
#define VALUE_TIME(of) ((const nstime_t *)fvalue_get(of))
#define VALUE_STRING(of) ((const char *)fvalue_get(of))
#define VALUE_STRING_LEN(of) strlen(VALUE_STRING(of))
#endif
#if SINCE(4, 4)
#define VALUE_BYTES(of) fvalue_get_bytes_data(of)
#define VALUE_BYTES_LEN(of) fvalue_length2(of)
#define VALUE_IPV4(of) (fvalue_get_ipv4(of)->addr)
#else
#define VALUE_BYTES(of) ((of)->value.bytes->data)
#define VALUE_BYTES_LEN(of) ((of)->value.bytes->len)
#define VALUE_IPV4(of) ((of)->value.ipv4.addr)
#endif

/* The form in which -T ek prints a value, and how many digits the fraction of a second has at least. */
#if SINCE(4, 6)
#define REPRESENTATION FTREPR_EK
#else
#define REPRESENTATION FTREPR_DISPLAY
#endif
#if SINCE(4, 0)
#define FRACTION_DIGITS 9
#else
#define FRACTION_DIGITS 1
#endif
/* Whether -T ek prints all of a date whose year has more than four characters. */
#define WHOLE_DATES SINCE(4, 6)
/*
 * Whether numbers of a display are printed in hex, and how many digits those have whose
 * type has that many.
 */
#define HEX_DISPLAY(display) ((display) == BASE_HEX || (display) == BASE_HEX_DEC)
#if SINCE(4, 6)
#define IS_IN_HEX(display) ((void)(display), false)
#define HEX_DIGITS(digits) (digits)
#elif SINCE(4, 0)
#define IS_IN_HEX(display) HEX_DISPLAY(FIELD_DISPLAY(display))
#define HEX_DIGITS(digits) (digits)
#else
#define IS_IN_HEX(display) HEX_DISPLAY(display)
#define HEX_DIGITS(digits) 8
#endif

#endif
