/// What the admin API asks a node about its users. Called on the API's own thread.
public protocol UserControl: AnyObject, Sendable {
    func users() throws(ControlError) -> [UserStatus]
    func user(_ name: String) throws(ControlError) -> UserStatus
    func keys(of name: String) throws(ControlError) -> UserKeys
    /// Adds all of them or none. Who is given no key gets a new one.
    func add(_ users: [UserChange]) throws(ControlError) -> [UserStatus]
    func change(_ name: String, _ change: UserChange) throws(ControlError) -> UserChanged
    func remove(_ name: String) throws(ControlError)
    func topUp(_ name: String, _ topUp: TopUp) throws(ControlError) -> UserChanged
    func reset(_ name: String) throws(ControlError) -> UserChanged
    func rotate(_ name: String, _ rotation: Rotation) throws(ControlError) -> UserKeys
    /// - Parameter unit: `cycle`, `day` or `hour`.
    func usage(of name: String, by unit: String) throws(ControlError) -> UsageReport
}

/// Why a node does not do what it is asked for.
public enum ControlError: Error, Equatable, CustomStringConvertible, Sendable {
    /// There is nothing of that name.
    case notFound(String)
    /// It is not as the caller thinks it is, or belongs to somebody else.
    case conflict(String)
    /// The request makes no sense.
    case invalid(String)
    /// It cannot be done at present.
    case unavailable(String)

    public var description: String {
        switch self {
        case .notFound(let reason), .conflict(let reason), .invalid(let reason), .unavailable(let reason): reason
        }
    }
}
