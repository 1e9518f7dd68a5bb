-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the blob. ARGV: base, digest, now (ms), bytes. One that is there stays, and is
-- young again.
local call = redis.call
call('SET', KEYS[1], ARGV[4], 'NX')
call('ZADD', ARGV[1] .. ':blobs-put', ARGV[3], ARGV[2])
call('SADD', ARGV[1] .. ':blobs', ARGV[2])
return 1
