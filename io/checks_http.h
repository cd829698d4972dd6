/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All HTTP checks of a loop share one libcurl multi handle, which the loop drives. */
#pragma once

struct checks_http;

void checks_http_free(struct checks_http *http);
