//! A ring buffer.

const std = @import("std");

/// Holds the last bytes.
pub const Ring = struct {
    bytes: []u8,
    head: usize = 0,

    /// Makes a ring.
    pub fn init(bytes: []u8) Ring {
        return .{ .bytes = bytes };
    }

    fn next(self: *Ring) usize {
        self.head = (self.head + 1) % self.bytes.len;
        return self.head;
    }

    const Mark = enum { start, end };
};

pub fn Stack(comptime T: type) type {
    return struct {
        items: []T,

        pub fn pop(self: *@This()) ?T {
            return null;
        }
    };
}

// Entry point.
pub fn main() !void {
    std.debug.print("hello\n", .{});
}

test "ring wraps around" {
    try std.testing.expect(true);
}
