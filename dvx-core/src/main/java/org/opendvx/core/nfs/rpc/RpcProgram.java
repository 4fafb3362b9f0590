package org.opendvx.core.nfs.rpc;

import org.jspecify.annotations.Nullable;
import org.opendvx.core.nfs.xdr.MalformedXdrException;
import org.opendvx.core.nfs.xdr.XdrReader;

/** A remote program: decodes calls into requests. Thread-safe; called on event loops. */
public interface RpcProgram {

  /** Its number. */
  int number();

  /** The lowest version that it speaks. */
  int lowestVersion();

  /** The highest version that it speaks; all between are spoken too. */
  int highestVersion();

  /** The name of a procedure for metrics and logs. */
  String procedureName(int procedure);

  /**
   * Decodes a call. The arguments' buffer belongs to the caller: a request may use it until its
   * {@link RpcRequest#start} returns, not later.
   *
   * @return null when there is no such procedure
   * @throws MalformedXdrException when the arguments are not what the procedure takes
   */
  @Nullable RpcRequest<?> decode(RpcCall call, XdrReader arguments);
}
