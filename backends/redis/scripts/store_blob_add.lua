-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: an upload. ARGV: offset, bytes, how long it lives from now on (ms). May be done
-- twice. Gives 0 where what was added before is gone.
local call = redis.call
local offset = tonumber(ARGV[1])
if call('STRLEN', KEYS[1]) < offset then return 0 end
call('SETRANGE', KEYS[1], offset, ARGV[2])
call('PEXPIRE', KEYS[1], ARGV[3])
return 1
