/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stopped the gateway's parser, as a verdict. */
#pragma once

#include "bpf/steps/packet.h"
#include "wire/verdicts.h"

step int fault_verdict(int fault)
{
	switch (fault) {
	case PACKET_MALFORMED:
		return GATEWAY_MALFORMED;
	case PACKET_EXTENSIONS:
		return GATEWAY_EXTENSIONS;
	case PACKET_NO_FRAGMENT:
		return GATEWAY_NO_FRAGMENT;
	case PACKET_NO_PORTS:
		return GATEWAY_NO_SERVICE;
	default:
		return GATEWAY_GO_ON;
	}
}
