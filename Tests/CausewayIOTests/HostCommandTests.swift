import CausewayBytes
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct HostCommandTests {
    private func run(_ words: String..., timeout: Interval = .seconds(60)) -> HostCommand.Outcome {
        HostCommand.run(words, timeout: timeout)
    }

    @Test func `how a program ends is told`() {
        #expect(self.run("true") == .exited(0) && self.run("sh", "-c", "exit 7") == .exited(7))
        #expect(self.run("sh", "-c", "kill -9 $$") == .signalled(9))
        #expect(self.run("/nonexistent/program") == .notStarted(reason: "No such file or directory"))
        #expect(HostCommand.run([], timeout: .seconds(1)) == .notStarted(reason: "no program"))
    }

    @Test func `words are words, and no shell looks at them`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a b; $(x)")
        #expect(self.run("touch", path) == .exited(0))
        #expect(SmallFile.exists(path))
    }

    @Test func `who takes too long is ended, with what it has started`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("pid")
        let outcome = self.run("sh", "-c", "sleep 1000 & echo $! > \(file); wait", timeout: .seconds(5))
        #expect(outcome == .timedOut)
        let pid = try #require(try SmallFile.read(file)?.split(separator: "\n").first)
        #expect(Deadline.wait(20) { !SmallFile.exists("/proc/\(pid)/exe") })
    }

    @Test func `who waits can have enough`() {
        var looks = 0
        let outcome = HostCommand.run(["sleep", "1000"], timeout: .seconds(1000)) {
            looks += 1
            return looks > 3
        }
        #expect(outcome == .stopped)
    }

    @Test func `a program gets the signals that its parent blocks`() {
        #expect(self.run("sh", "-c", "grep -q '^SigBlk:.*0000000000000000$' /proc/self/status") == .exited(0))
    }
}
