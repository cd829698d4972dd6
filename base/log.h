/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program tells its operator: one line each, on stderr, with the program's name.
 *
 * Only programs and io adapters log; a library returns an error and its caller knows what that
 * means. Under systemd ($JOURNAL_STREAM is set) a line begins with its level in the form of
 * sd-daemon(3), "<4>", and without the name, which the journal has already.
 */
#pragma once

enum log_level { /* the numbers of syslog (RFC 5424, 6.2.1) */
		 LOG_LEVEL_ERROR = 3,
		 LOG_LEVEL_WARNING = 4,
		 LOG_LEVEL_INFO = 6,
};

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
