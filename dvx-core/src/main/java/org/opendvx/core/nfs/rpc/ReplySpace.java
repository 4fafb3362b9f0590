package org.opendvx.core.nfs.rpc;

import java.nio.ByteBuffer;

/** Where a request that returns much data has it put, so that it is copied no more. */
public interface ReplySpace {

  /**
   * Reserves the reply's place in an output buffer; at most once for a request. The request's write
   * methods then write into that place.
   *
   * @param before bytes of the reply's body before the data
   * @param data the most bytes of data, without padding
   * @return the place of the data; may be filled by any thread until the request's future is
   *     complete
   */
  ByteBuffer reserve(int before, int data);
}
