-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the blob. ARGV: base, digest, before (ms). Gives how many were removed.
local call = redis.call
local put = call('ZSCORE', ARGV[1] .. ':blobs-put', ARGV[2])
if put and tonumber(put) >= tonumber(ARGV[3]) then return 0 end
call('UNLINK', KEYS[1])
call('ZREM', ARGV[1] .. ':blobs-put', ARGV[2])
return call('SREM', ARGV[1] .. ':blobs', ARGV[2])
