import CausewayBytes
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct EventLoopTests {
    /// Keeps a journal of its calls and does what the test says at each.
    private final class Recorder: EventHandler {
        let name: String
        let journal: Journal
        var token = HandlerToken.none
        var onReady: (ReadyEvents, UInt8) -> Void = { _, _ in }
        var onTimer: (UInt8) -> Void = { _ in }
        var onTurn: () -> Void = {}

        init(_ name: String, _ journal: Journal, on loop: EventLoop) {
            self.name = name
            self.journal = journal
            self.token = loop.register(self)
        }

        func ready(_ events: ReadyEvents, tag: UInt8) {
            self.journal.lines.append("\(self.name) ready \(tag)")
            self.onReady(events, tag)
        }

        func timerFired(tag: UInt8) {
            self.journal.lines.append("\(self.name) timer \(tag)")
            self.onTimer(tag)
        }

        func resumed() {
            self.journal.lines.append("\(self.name) turn")
            self.onTurn()
        }
    }

    private final class Journal {
        var lines: [String] = []
    }

    /// Stops `loop` after `milliseconds`, also when the test has gone wrong.
    private static func stop(_ loop: EventLoop, after milliseconds: Int) {
        let recorder = Recorder("end", Journal(), on: loop)
        recorder.onTimer = { [unowned loop] _ in loop.stop() }
        _ = loop.schedule(after: .milliseconds(milliseconds), to: recorder.token, tag: 0)
    }

    @Test func `who asks for several turns at once gets one`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let first = Recorder("a", journal, on: loop)
        let second = Recorder("b", journal, on: loop)
        for token in [first.token, second.token, first.token, first.token] { loop.yield(token) }
        var left = 2
        first.onTurn = {
            left -= 1
            guard left > 0 else { return Self.stop(loop, after: 20) }
            loop.yield(first.token)
            loop.yield(first.token)
        }
        Self.stop(loop, after: 10_000)
        try loop.run()
        #expect(journal.lines == ["a turn", "b turn", "a turn"])
    }

    @Test func `who has a little to do does not wait for all that have much`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let pair = try SocketPair()
        let guest = Recorder("guest", journal, on: loop)
        try loop.add(pair.near.descriptor, .readable, to: guest.token, tag: 0)
        let busy = ["a", "b", "c"].map { Recorder($0, journal, on: loop) }
        for handler in busy {
            // Each works for longer than a turn of the loop may last; the first finds the guest at the door.
            handler.onTurn = {
                if journal.lines == ["a turn"] { _ = [UInt8]([1]).withRegion { pair.far.write($0) } }
                let end = ContinuousClock.now + .milliseconds(2)
                while ContinuousClock.now < end {}
                if journal.lines.count == 5 { loop.stop() }
            }
            loop.yield(handler.token)
        }
        // Who asks anew, asks behind those who wait.
        guest.onReady = { _, _ in loop.yield(busy[0].token) }
        Self.stop(loop, after: 5_000)
        try loop.run()
        #expect(journal.lines == ["a turn", "guest ready 0", "b turn", "c turn", "a turn"])
    }

    @Test func `a turn that was asked for by one who left is nobody's`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let gone = Recorder("gone", journal, on: loop)
        loop.yield(gone.token)
        loop.deregister(gone.token)
        let heir = Recorder("heir", journal, on: loop)
        loop.yield(gone.token)
        Self.stop(loop, after: 5)
        try loop.run()
        #expect(journal.lines.isEmpty)
        #expect(heir.token != gone.token)
    }

    @Test func `an event of a handler that left in the same turn reaches nobody`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let pairs = [try SocketPair(), try SocketPair()]
        let names = ["a", "b"]
        let handlers = names.map { Recorder($0, journal, on: loop) }
        var heirs: [Recorder] = []
        for index in 0..<2 {
            try loop.add(pairs[index].near.descriptor, .readable, to: handlers[index].token, tag: 3)
            _ = [UInt8]([1]).withRegion { pairs[index].far.write($0) }
            handlers[index].onReady = { _, _ in
                // Both are ready in one turn; whoever comes first takes the other's place away and gives it to another.
                loop.deregister(handlers[1 - index].token)
                heirs.append(Recorder("heir", journal, on: loop))
            }
        }
        Self.stop(loop, after: 20)
        try loop.run()
        #expect(journal.lines.count == 1)
        #expect(journal.lines == ["a ready 3"] || journal.lines == ["b ready 3"])
        #expect(heirs.count == 1)
    }

    private final class End: TurnEnd {
        let journal: Journal

        init(_ journal: Journal) { self.journal = journal }

        func endTurn() { self.journal.lines.append("end") }
    }

    @Test func `those whose tags say so end their turns together, and before anybody else's`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let end = End(journal)
        let tags = [EventLoop.jointTag, EventLoop.jointTag | 1, 1, EventLoop.jointTag]
        let pairs = try tags.map { _ in try SocketPair() }
        for (index, tag) in tags.enumerated() {
            let handler = Recorder("\(index)", journal, on: loop)
            handler.onReady = { [unowned loop] _, _ in loop.endTurn(with: end) }
            try loop.add(pairs[index].near.descriptor, .readable, to: handler.token, tag: tag)
        }
        // The kernel tells of them in the order in which they became ready.
        for pair in pairs { _ = [UInt8]([1]).withRegion { pair.far.write($0) } }
        Self.stop(loop, after: 20)
        try loop.run()
        #expect(journal.lines == ["0 ready 128", "1 ready 129", "end", "2 ready 1", "3 ready 128", "end"])
    }

    @Test func `a turn that a timer or a wish has brought ends by itself`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let end = End(journal)
        for name in ["a", "b"] {
            let handler = Recorder(name, journal, on: loop)
            handler.onTurn = { [unowned loop] in loop.endTurn(with: end) }
            handler.onTimer = { [unowned loop] _ in loop.endTurn(with: end) }
            loop.yield(handler.token)
            _ = loop.schedule(after: .milliseconds(1), to: handler.token, tag: 0)
        }
        Self.stop(loop, after: 20)
        try loop.run()
        #expect(journal.lines.filter { $0 == "end" }.count == 4)
        let isAfterEach = stride(from: 1, to: 8, by: 2).allSatisfy { journal.lines[$0] == "end" }
        #expect(journal.lines.count == 8 && isAfterEach, "\(journal.lines)")
    }

    @Test func `a descriptor that was removed is silent`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let pair = try SocketPair()
        let handler = Recorder("a", journal, on: loop)
        try loop.add(pair.near.descriptor, .stream, to: handler.token, tag: 1)
        loop.remove(pair.near.descriptor)
        _ = [UInt8]([1]).withRegion { pair.far.write($0) }
        Self.stop(loop, after: 10)
        try loop.run()
        #expect(journal.lines.isEmpty)
    }

    @Test func `a change of interest tells anew what holds already`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let pair = try SocketPair()
        let before = Recorder("before", journal, on: loop)
        let after = Recorder("after", journal, on: loop)
        try loop.add(pair.near.descriptor, .writable, to: before.token, tag: 1)
        before.onReady = { _, _ in
            #expect(throws: Never.self) {
                try loop.modify(pair.near.descriptor, .writable, to: after.token, tag: 2)
            }
        }
        after.onReady = { _, _ in loop.stop() }
        Self.stop(loop, after: 10_000)
        try loop.run()
        #expect(journal.lines == ["before ready 1", "after ready 2"])
    }

    @Test func `no timer comes early, and those of one who left not at all`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        let start = loop.now
        let gone = Recorder("gone", journal, on: loop)
        let cancelled = Recorder("cancelled", journal, on: loop)
        let handler = Recorder("a", journal, on: loop)
        let intervals = [0, 1, 2, 3, 7, 20]
        for (tag, milliseconds) in intervals.enumerated() {
            _ = loop.schedule(after: .milliseconds(milliseconds), to: handler.token, tag: UInt8(tag))
        }
        handler.onTimer = { tag in
            #expect(loop.now - start >= .milliseconds(intervals[Int(tag)]))
            if Int(tag) == intervals.count - 1 { loop.stop() }
        }
        _ = loop.schedule(after: .milliseconds(1), to: gone.token, tag: 0)
        loop.deregister(gone.token)
        loop.cancel(loop.schedule(after: .milliseconds(1), to: cancelled.token, tag: 0))
        try loop.run()
        #expect(journal.lines.sorted() == intervals.indices.map { "a timer \($0)" })
    }

    @Test func `what other threads send is run once and in the order of each`() throws {
        let loop = try EventLoop()
        let seen = Mutex<[Int]>([])
        for thread in 0..<4 {
            Thread.detachNewThread {
                for number in 0..<500 {
                    loop.execute {
                        let isLast = seen.withLock { seen in
                            seen.append(thread * 1000 + number)
                            return seen.count == 2000
                        }
                        if isLast { loop.stop() }
                    }
                }
            }
        }
        Self.stop(loop, after: 30_000)
        try loop.run()
        let all = seen.withLock { $0 }
        #expect(all.count == 2000)
        for thread in 0..<4 {
            let mine = all.filter { $0 / 1000 == thread }
            #expect(mine == (0..<500).map { thread * 1000 + $0 })
        }
    }

    @Test func `a loop that sleeps is stopped from elsewhere, and keeps nothing`() throws {
        final class Owned: Sendable {}
        let loop = try EventLoop()
        let thread = try LoopThread(loop) { Issue.record("\($0)") }
        weak var kept: Owned?
        do {
            let owned = Owned()
            kept = owned
            loop.execute { withExtendedLifetime(owned) {} }
        }
        loop.stop()
        thread.join()
        #expect(kept == nil)
    }
}
