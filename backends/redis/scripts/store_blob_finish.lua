-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: an upload, the blob. ARGV: base, digest, now (ms), length. May be done twice.
-- Gives 0 where what was added is gone.
local call = redis.call
if call('EXISTS', KEYS[2]) == 1 then
	call('UNLINK', KEYS[1])
elseif call('STRLEN', KEYS[1]) ~= tonumber(ARGV[4]) then
	return 0
else
	call('RENAME', KEYS[1], KEYS[2])
	call('PERSIST', KEYS[2])
end
call('ZADD', ARGV[1] .. ':blobs-put', ARGV[3], ARGV[2])
call('SADD', ARGV[1] .. ':blobs', ARGV[2])
return 1
