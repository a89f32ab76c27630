import Synchronization

/// The plan that is in force, for whoever wants to look at it.
final class LivePlan: Sendable {
    private let plan: Mutex<Plan>

    init(_ plan: Plan) {
        self.plan = Mutex(plan)
    }

    var present: Plan {
        get { self.plan.withLock { $0 } }
        set { self.plan.withLock { $0 = newValue } }
    }
}
