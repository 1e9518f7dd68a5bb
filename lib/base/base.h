/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * base - what every other folder stands on: errors, buffers, versioned options,
 * text, identifiers, digests, clocks. Depends on libc alone.
 *
 * Each subject has its own header; this one includes them all.
 */
#ifndef AGR_BASE_H
#define AGR_BASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/uuid.h"

#define AGR_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
