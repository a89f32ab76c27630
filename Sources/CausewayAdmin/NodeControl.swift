/// What the admin API asks a node. Called on the API's own thread.
public protocol NodeControl: AnyObject, Sendable {
    func status() -> NodeStatus
    /// The sessions of `user`, or everybody's: at most `limit` of them, those first that have moved most.
    func sessions(of user: String?, limit: Int) throws(ControlError) -> SessionsReport
    /// Reads the configuration again and puts it into force; as a trial, only says what would be different.
    func reload(isTrial: Bool) throws(ControlError) -> ReloadReport
    /// Takes no more connections, and ends the node when its sessions have, or after `seconds`; `nil` for what the
    /// configuration says.
    func drain(seconds: Int?) throws(ControlError) -> DrainReport
    /// Starts a new process in the place of this one, which ends when its sessions have, or after `seconds`; `nil` for
    /// what the configuration says.
    func handOver(seconds: Int?) throws(ControlError) -> HandOverReport
    /// How much is logged.
    func logSetting() throws(ControlError) -> LogSetting
    /// Logs as much as that, until a reload says otherwise; what is in force then.
    func setLog(_ setting: LogSetting) throws(ControlError) -> LogSetting
    /// Somebody was not let in to the API.
    func adminRefused(_ reason: String)
    /// The users; `nil` where no listener asks for any.
    var userControl: (any UserControl)? { get }
}
