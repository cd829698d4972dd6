/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Routes to the clients, and the neighbour that they are behind, for replies on their way home. */
#pragma once

#define HOME_IDLE "idle" /* a device that no packet arrives at */

/* In the bench's own network namespace, behind sockets_connect. 0 or a negative errno, said to stderr. */
int home_build(void);
