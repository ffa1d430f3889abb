/* A network camera for tests: a moving pattern as JPEG over RTSP, at rtsp://127.0.0.1:PORT/camera.
 * Prints the port that it got, and serves until it is killed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>

int main(void)
{
    gst_init(NULL, NULL);
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GstRTSPServer *server = gst_rtsp_server_new();
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, "0"); /* any free one */
    GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
    GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(
        factory, "( videotestsrc is-live=true pattern=ball ! "
                 "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! jpegenc ! "
                 "rtpjpegpay name=pay0 pt=26 )");
    gst_rtsp_mount_points_add_factory(mounts, "/camera", factory);
    g_object_unref(mounts);
    if (gst_rtsp_server_attach(server, NULL) == 0) {
        fprintf(stderr, "rtsp_server: cannot listen\n");
        return 1;
    }
    printf("%d\n", gst_rtsp_server_get_bound_port(server));
    fflush(stdout);
    g_main_loop_run(loop);
    return 0;
}
