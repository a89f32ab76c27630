import Synchronization

/// Finds out whether every loop still turns: each is asked something that it answers in its next turn.
final class LoopWatch: Sendable {
    private final class Question: Sendable {
        let answers = Atomic<Int>(0)
    }

    private struct Asked {
        var question: Question
        var loops: Int
    }

    private let loops: LoopBoard
    private let asked = Mutex<Asked?>(nil)

    init(_ loops: LoopBoard) {
        self.loops = loops
    }

    /// Whether all loops have answered since the last time, and asks them again. The first time they have nothing to
    /// answer yet.
    func check() -> Bool {
        self.asked.withLock { asked in
            if let last = asked, last.question.answers.load(ordering: .relaxed) < last.loops { return false }
            let question = Question()
            let count = self.loops.execute { _ in question.answers.wrappingAdd(1, ordering: .relaxed) }
            asked = Asked(question: question, loops: count)
            return true
        }
    }
}
