/// What the admin API asks a node. Called on the API's own thread.
public protocol NodeControl: AnyObject, Sendable {
    func status() -> NodeStatus
    /// The users; `nil` where no listener asks for any.
    var userControl: (any UserControl)? { get }
}
