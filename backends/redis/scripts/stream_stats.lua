-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: group, base. Gives how many wait, are delayed, are leased, are dead.
local waiting, pending = 0, 0
local last, lag = '0-0', nil
if call('EXISTS', STREAM) == 1 then
	for _, group in ipairs(call('XINFO', 'GROUPS', STREAM)) do
		local info = {}
		for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
		if info.name == GROUP then
			last, lag, pending = info['last-delivered-id'], info.lag, info.pending
		end
	end
end
if type(lag) == 'number' then
	waiting = lag
else
	repeat
		local entries = call('XRANGE', STREAM, '(' .. last, '+', 'COUNT', 1000)
		waiting = waiting + #entries
		last = entries[#entries] and entries[#entries][1]
	until #entries < 1000
end
local ready, delayed = call('ZCARD', READY), call('ZCARD', DELAYED)
return { waiting + ready, delayed, math.max(pending - ready - delayed, 0),
	call('XLEN', DEAD) }
